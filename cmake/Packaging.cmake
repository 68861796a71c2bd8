# What is installed, and the Debian package made of it (./dev package).
include(GNUInstallDirs)
install(TARGETS noroshi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${NOROSHI_DUCKDB_DIR}/libduckdb.so DESTINATION lib/noroshi)
install(FILES ${NOROSHI_DUCKDB_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi RENAME duckdb.LICENSE)
install(DIRECTORY packs DESTINATION ${CMAKE_INSTALL_DATADIR}/noroshi)
install(FILES packaging/noroshi.toml DESTINATION /etc/noroshi)
install(FILES packaging/systemd/noroshi.service packaging/systemd/noroshi.socket DESTINATION lib/systemd/system)
install(FILES README.md ASSURANCE.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/noroshi RENAME copyright)

# The manual and the completions say what the program says of itself.
set(written ${CMAKE_BINARY_DIR}/written)
file(MAKE_DIRECTORY ${written})
add_custom_command(
  OUTPUT ${written}/noroshi.1 ${written}/noroshi.bash ${written}/_noroshi ${written}/noroshi.fish
  COMMAND noroshi manual > ${written}/noroshi.1
  COMMAND noroshi completion bash > ${written}/noroshi.bash
  COMMAND noroshi completion zsh > ${written}/_noroshi
  COMMAND noroshi completion fish > ${written}/noroshi.fish
  DEPENDS noroshi VERBATIM)
add_custom_target(manual ALL DEPENDS ${written}/noroshi.1)
install(FILES ${written}/noroshi.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${written}/noroshi.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME noroshi)
install(FILES ${written}/_noroshi DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${written}/noroshi.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME noroshi)
set(CPACK_PACKAGE_VENDOR "the Noroshi authors")
set(CPACK_PACKAGE_CONTACT "the Noroshi authors <security@noroshi.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
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
