# What nearly every file includes from outside this project is parsed once instead of 580 times: that was half of a build's
# time (docs/decisions/build.md). Headers of our own stay out, so that a change to one compiles what includes it and no more.
# Files include what they use all the same: a tree with -DNOROSHI_PRECOMPILE=OFF shows which forgot to.
option(NOROSHI_PRECOMPILE "parse the headers of the standard library, fmt and Boost.JSON once (clang)" ON)

# cmake's own target_precompile_headers() writes the place of the build tree into the result, and ccache would then keep no
# file for other checkouts. So the result names system headers only: the last one is compiled, the others are included first.
set(precompiled_last ${Boost_INCLUDE_DIRS}/boost/json.hpp)
set(precompiled_first
    algorithm array atomic charconv chrono condition_variable cstdint deque expected fstream functional map memory
    mutex optional random ranges set span sstream string string_view thread tuple unordered_map unordered_set utility variant
    vector fmt/format.h)

# noroshi_precompiled(NAME [LIBRARIES …] [HEADERS …] [OPTIONS …]): a set of headers for targets with the same options.
function(noroshi_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "" "LIBRARIES;HEADERS;OPTIONS")
  if(NOROSHI_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set_source_files_properties(${precompiled_last} PROPERTIES LANGUAGE CXX)
    add_library(noroshi_precompiled_${name} OBJECT ${precompiled_last})  # its one "object" is the precompiled header
    target_link_libraries(noroshi_precompiled_${name} PRIVATE Threads::Threads fmt::fmt Boost::json ${given_LIBRARIES})
    list(TRANSFORM precompiled_first PREPEND "SHELL:-include ")
    list(TRANSFORM given_HEADERS PREPEND "SHELL:-include ")
    # Without the time, the same headers give the same bytes.
    target_compile_options(noroshi_precompiled_${name} PRIVATE ${given_OPTIONS} "SHELL:-x c++-header"
                           -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp" ${precompiled_first} ${given_HEADERS})
    # Ninja waits for a custom target before it compiles, but not for a library.
    add_custom_target(noroshi_precompile_${name} DEPENDS $<TARGET_OBJECTS:noroshi_precompiled_${name}>)
  endif()
endfunction()

# Gives `target` the set `name`.
function(noroshi_precompiled_in target name)
  if(TARGET noroshi_precompiled_${name})
    target_compile_options(${target} PRIVATE "SHELL:-include-pch $<TARGET_OBJECTS:noroshi_precompiled_${name}>")
    add_dependencies(${target} noroshi_precompile_${name})
  endif()
endfunction()

noroshi_precompiled(common)
