# src/<module> is an OBJECT library of all its .cpp files: from a STATIC one the linker would drop a file that only
# registers itself. A new file needs no edit here.
define_property(GLOBAL PROPERTY NOROSHI_MODULES BRIEF_DOCS "modules so far, in their order" FULL_DOCS "as declared")

# What a module links, beside the libraries that every module may use.
set(NOROSHI_LIBS_base fmt::fmt spdlog::spdlog tomlplusplus::tomlplusplus PkgConfig::SECCOMP PkgConfig::CAPNG PkgConfig::SODIUM)
set(NOROSHI_LIBS_model PkgConfig::PSL PkgConfig::IDN2 PkgConfig::XXHASH PkgConfig::SODIUM PkgConfig::TOMCRYPT)
set(NOROSHI_LIBS_codec OpenSSL::Crypto PkgConfig::NETTLE PkgConfig::SODIUM PkgConfig::XXHASH PkgConfig::ZSTD ZLIB::ZLIB simdjson::simdjson Boost::json)
set(NOROSHI_LIBS_net OpenSSL::SSL Boost::json)
set(NOROSHI_LIBS_know noroshi_duckdb SQLite::SQLite3 PkgConfig::SODIUM OpenSSL::Crypto PkgConfig::XXHASH)
set(NOROSHI_LIBS_understand PkgConfig::XXHASH PkgConfig::VECTORSCAN PkgConfig::MAXMINDDB PkgConfig::SODIUM simdjson::simdjson tomlplusplus::tomlplusplus)
set(NOROSHI_LIBS_share Boost::json OpenSSL::Crypto PkgConfig::SODIUM)
set(NOROSHI_LIBS_search Boost::json tomlplusplus::tomlplusplus)
set(NOROSHI_LIBS_serve Boost::json)
set(NOROSHI_LIBS_sense OpenSSL::SSL Boost::json tomlplusplus::tomlplusplus)

# What reads foreign bytes in `understand` is an object library of its own, so that fuzzers are built with sanitizers
# without the stores. Whoever links the module has it too.
set(reading "/src/understand/(readers/|feeds/|reader\\.cpp|session_memory\\.cpp)")

function(noroshi_module name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  if(name STREQUAL understand)
    set(readers ${sources})
    list(FILTER readers INCLUDE REGEX "${reading}")
    list(FILTER sources EXCLUDE REGEX "${reading}")
    add_library(noroshi_reading OBJECT ${readers})
    target_include_directories(noroshi_reading PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(noroshi_reading PUBLIC Threads::Threads fmt::fmt ${NOROSHI_LIBS_understand})
    noroshi_precompiled_in(noroshi_reading common)
  endif()
  get_property(before GLOBAL PROPERTY NOROSHI_MODULES)
  if(sources)
    add_library(noroshi_${name} OBJECT ${sources})
    target_include_directories(noroshi_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(noroshi_${name} PUBLIC Threads::Threads fmt::fmt ${NOROSHI_LIBS_${name}})
    if(NOROSHI_SANITIZE AND name STREQUAL net)
      target_compile_options(noroshi_${name} PRIVATE -O0)  # Beast's templates: a third of the tree's time otherwise
    else()
      noroshi_precompiled_in(noroshi_${name} common)
    endif()
    set_property(GLOBAL PROPERTY NOROSHI_MODULES ${before} ${name})
  endif()
endfunction()

# Links `target` with the modules named. Objects do not travel through other targets, so all are named.
function(noroshi_link target)
  if(understand IN_LIST ARGN)
    list(APPEND ARGN reading)
  endif()
  foreach(module IN LISTS ARGN)
    if(TARGET noroshi_${module})
      target_link_libraries(${target} PRIVATE noroshi_${module})
    endif()
  endforeach()
  if(NOT NOROSHI_SANITIZE)  # sanitizers bring an allocator of their own
    target_link_libraries(${target} PRIVATE mimalloc)
  endif()
  set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN;$ORIGIN/deps/duckdb;${CMAKE_SOURCE_DIR}/build/deps/duckdb" INSTALL_RPATH "$ORIGIN;$ORIGIN/../lib/noroshi")
endfunction()
