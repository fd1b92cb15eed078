# gridwarn_options: what every file of the project is compiled and linked with.  The warnings are those that give a
# clean build against the libraries used; hardening belongs to the builds that ship, sanitizers replace it in the
# builds that test (they don't go together: both want to intercept the same functions).
include(CheckCCompilerFlag)

add_library(gridwarn_options INTERFACE)
target_include_directories(gridwarn_options INTERFACE ${PROJECT_SOURCE_DIR}/engine)
target_compile_features(gridwarn_options INTERFACE c_std_17 cxx_std_17)
target_compile_definitions(gridwarn_options INTERFACE
    _GNU_SOURCE GRIDWARN_VERSION="${PROJECT_VERSION}" $<$<BOOL:${GRIDWARN_KAFKA}>:GRIDWARN_KAFKA=1>)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# -fPIE, not CMake's -fPIC for libraries: nothing here is a shared library, and -fPIC keeps gcc from inlining what
# another library might replace.
target_compile_options(gridwarn_options INTERFACE -fPIE)
target_link_options(gridwarn_options INTERFACE -pie)

set(warnings -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion -Wformat=2 -Wundef -Wcast-qual
    -Wpointer-arith -Wwrite-strings -Wvla)
# The one C++ file includes headers of C17 (compound literals) and switches on an enum of simdjson's.
set(warnings_c -Wpedantic -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND warnings -Wcast-align=strict -Wimplicit-fallthrough=5 -Wduplicated-cond -Wduplicated-branches
        -Wlogical-op)
    list(APPEND warnings_c -Wjump-misses-init)
    if(NOT GRIDWARN_SANITIZE) # the checks that sanitizers insert look like dereferences of null
        list(APPEND warnings -Wnull-dereference)
    endif()
endif()
if(GRIDWARN_WERROR)
    list(APPEND warnings -Werror)
endif()
target_compile_options(gridwarn_options INTERFACE ${warnings} "$<$<COMPILE_LANGUAGE:C>:${warnings_c}>")

if(GRIDWARN_SANITIZE)
    set(sanitize -fsanitize=${GRIDWARN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(gridwarn_options INTERFACE ${sanitize})
    target_link_options(gridwarn_options INTERFACE ${sanitize})
else()
    set(hardening -fstack-protector-strong -fstack-clash-protection)
    check_c_compiler_flag(-fcf-protection=full has_cf_protection) # x86 only
    if(has_cf_protection)
        list(APPEND hardening -fcf-protection=full)
    endif()
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug") # needs optimisation
        list(APPEND hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
    target_compile_options(gridwarn_options INTERFACE ${hardening})
    target_link_options(gridwarn_options INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack)
endif()

if(GRIDWARN_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(LANGUAGES C CXX)
endif()
if(GRIDWARN_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "GRIDWARN_FUZZ needs clang (preset fuzz)")
    endif()
    target_compile_options(gridwarn_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
