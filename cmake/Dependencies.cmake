# Libraries, found with pkg-config, and where they come from on Debian and Ubuntu.

find_package(PkgConfig REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)      # libyaml-dev
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)    # libjansson-dev
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)   # libxxhash-dev
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)   # libssl-dev
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)          # zlib1g-dev
pkg_check_modules(CURL IMPORTED_TARGET libcurl>=7.85)          # libcurl4-openssl-dev; not needed but for `runner fetch`
find_package(OpenMP REQUIRED COMPONENTS C)                     # gcc's own; clang: libomp-dev
find_package(Threads REQUIRED)

# Random123 is headers only and has no pkg-config file.
find_path(RUNNER_RANDOM123 Random123/philox.h REQUIRED)        # librandom123-dev
add_library(runner_random123 INTERFACE)
target_include_directories(runner_random123 SYSTEM INTERFACE "${RUNNER_RANDOM123}")

# OpenBLAS, pthread flavour. Debian's serial one is not safe to call from several threads at once, and its alternatives
# system may point openblas.pc and libopenblas.so.0 at it. So the flavour's own folder is looked at first, at link time
# and (by RUNPATH) at run time; elsewhere openblas.pc is trusted, and the worker refuses an unsafe library at start.
find_library(RUNNER_OPENBLAS openblas NO_DEFAULT_PATH PATHS "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread")
add_library(runner_openblas INTERFACE)
if(RUNNER_OPENBLAS)
    find_path(RUNNER_OPENBLAS_INCLUDE cblas.h NO_DEFAULT_PATH
              PATHS "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread" REQUIRED)
    target_link_libraries(runner_openblas INTERFACE "${RUNNER_OPENBLAS}")
    target_include_directories(runner_openblas SYSTEM INTERFACE "${RUNNER_OPENBLAS_INCLUDE}")
else()
    pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
    target_link_libraries(runner_openblas INTERFACE PkgConfig::OPENBLAS)
endif()
