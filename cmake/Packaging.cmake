# What is installed, and the Debian package made of it (./dev package).
include(GNUInstallDirs)
install(TARGETS noroshi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_BINARY_DIR}/written/libduckdb.so DESTINATION lib/noroshi)
install(FILES ${NOROSHI_DUCKDB_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi RENAME duckdb.MIT)
install(DIRECTORY packs DESTINATION ${CMAKE_INSTALL_DATADIR}/noroshi)
# Country and network of addresses, as ./dev fetched them; the notices that their licences ask for stay beside them.
set(NOROSHI_GEO_DIR "${CMAKE_SOURCE_DIR}/build/deps/geo" CACHE PATH "country.mmdb, asn.ranges and their notices, as ./dev lays them out")
install(DIRECTORY ${NOROSHI_GEO_DIR}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/noroshi/geo
        FILES_MATCHING PATTERN country.mmdb PATTERN asn.ranges PATTERN "*.NOTICE")
install(FILES packaging/noroshi.toml DESTINATION /etc/noroshi)
install(FILES packaging/systemd/noroshi.service packaging/systemd/noroshi.socket DESTINATION lib/systemd/system)
install(FILES README.md ASSURANCE.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi)
install(FILES packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi)
install(FILES packaging/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME noroshi)

# The manual and the completions say what the program says of itself.
set(written ${CMAKE_BINARY_DIR}/written)
file(MAKE_DIRECTORY ${written})
add_custom_command(
  OUTPUT ${written}/noroshi.1 ${written}/noroshi.1.gz ${written}/noroshi.bash ${written}/_noroshi ${written}/noroshi.fish
  COMMAND noroshi manual > ${written}/noroshi.1
  COMMAND gzip -9nkf ${written}/noroshi.1
  COMMAND noroshi completion bash > ${written}/noroshi.bash
  COMMAND noroshi completion zsh > ${written}/_noroshi
  COMMAND noroshi completion fish > ${written}/noroshi.fish
  DEPENDS noroshi VERBATIM)
install(FILES ${written}/noroshi.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${written}/noroshi.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME noroshi)
install(FILES ${written}/_noroshi DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${written}/noroshi.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# What users notice, and the form of it that Debian's tools read.
file(GLOB news CONFIGURE_DEPENDS changelog/unreleased/*.md)
string(TIMESTAMP NOROSHI_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH makes it repeatable
configure_file(packaging/debian/changelog.in ${written}/changelog @ONLY)
add_custom_command(OUTPUT ${written}/NEWS.md.gz COMMAND cat ${news} > ${written}/NEWS.md COMMAND gzip -9nf ${written}/NEWS.md DEPENDS ${news} VERBATIM)
add_custom_command(OUTPUT ${written}/changelog.gz COMMAND gzip -9nkf ${written}/changelog DEPENDS ${written}/changelog VERBATIM)
install(FILES ${written}/NEWS.md.gz ${written}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi)

add_custom_command(OUTPUT ${written}/libduckdb.so COMMAND ${CMAKE_STRIP} --strip-unneeded -o ${written}/libduckdb.so ${DUCKDB_LIBRARY}
                   DEPENDS ${DUCKDB_LIBRARY} VERBATIM)
add_custom_target(package_parts ALL DEPENDS ${written}/noroshi.1.gz ${written}/NEWS.md.gz ${written}/changelog.gz ${written}/libduckdb.so)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME noroshi)
set(CPACK_PACKAGE_VENDOR "the Noroshi authors")
set(CPACK_PACKAGE_CONTACT "the Noroshi authors <security@noroshi.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "open threat-intelligence node")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Decoys hold conversations with attackers, every visit is kept durably, and
indicators are derived from them with evidence, role, confidence and expiry.
Logs of other honeypots are read in; lists and exports go out; a command line
and an HTTP API say who knows what of an address, a domain or a file, and why.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${NOROSHI_DUCKDB_DIR})
set(CPACK_DEBIAN_PACKAGE_DEPENDS "publicsuffix, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
file(WRITE ${CMAKE_BINARY_DIR}/conffiles "/etc/noroshi/noroshi.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/packaging/debian/postinst;${CMAKE_SOURCE_DIR}/packaging/debian/prerm;${CMAKE_SOURCE_DIR}/packaging/debian/postrm;${CMAKE_BINARY_DIR}/conffiles")
include(CPack)
