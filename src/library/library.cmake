# libingest: the rooms up to the rollup as one library, of which nothing is seen but include/ingest.h. Every other name
# (`run`, `days_at`, ...) becomes local, so that none can clash with one of the program that links it.
set(libingest_object ${CMAKE_BINARY_DIR}/libingest.o)
set(libingest_rooms library pipeline rollup dataset catalog rules sketch format lines input base)
list(TRANSFORM libingest_rooms PREPEND room_)
set(libingest_archives "")
foreach(room ${libingest_rooms})
    list(APPEND libingest_archives $<TARGET_FILE:${room}>)
endforeach()
# What room(library) wants, and of the other rooms what is wanted by that: no libpq. Compilers' names and notes of versions go.
add_custom_command(OUTPUT ${libingest_object} DEPENDS ${libingest_rooms} VERBATIM
    COMMAND ${CMAKE_LINKER} -r -o ${libingest_object} --whole-archive $<TARGET_FILE:room_library> --no-whole-archive
        --start-group ${libingest_archives} --end-group
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=ingest_* --remove-section=.comment ${libingest_object})

set(libingest_libs PkgConfig::XXHASH PkgConfig::SODIUM PkgConfig::ZLIB Threads::Threads m)
set(libingest_requires zlib libxxhash libsodium)
set(libingest_private "-lm -pthread")
foreach(pair ISAL/libisal LIBZSTD/libzstd LIBLZMA/liblzma JANSSON/jansson MAXMINDDB/libmaxminddb IDN2/libidn2)
    string(REPLACE "/" ";" pair ${pair})
    list(GET pair 0 library)
    list(GET pair 1 module)
    if(TARGET PkgConfig::${library})
        list(APPEND libingest_libs PkgConfig::${library})
        list(APPEND libingest_requires ${module})
    endif()
endforeach()
if(TARGET BZip2::BZip2) # which has no module in Debian
    list(APPEND libingest_libs BZip2::BZip2)
    string(PREPEND libingest_private "-lbz2 ")
endif()

add_library(libingest STATIC ${libingest_object})
set_target_properties(libingest PROPERTIES OUTPUT_NAME ingest LINKER_LANGUAGE C)
target_link_libraries(libingest INTERFACE ${libingest_libs})
if(INGEST_SHARED OR INGEST_TESTS)
    set(map ${CMAKE_SOURCE_DIR}/src/library/libingest.map)
    add_library(libingest_shared SHARED ${libingest_object})
    set_target_properties(libingest_shared PROPERTIES OUTPUT_NAME ingest LINKER_LANGUAGE C SOVERSION 0 VERSION ${PROJECT_VERSION}
        LINK_DEPENDS ${map})
    target_link_libraries(libingest_shared PRIVATE ${libingest_libs})
    target_link_options(libingest_shared PRIVATE LINKER:--version-script=${map})
    if(NOT INGEST_SANITIZE AND NOT INGEST_FUZZ) # whose runtime comes with the program
        target_link_options(libingest_shared PRIVATE LINKER:-z,defs)
    endif()
endif()

# ---- installed ---------------------------------------------------------------------------------------------------
include(GNUInstallDirs)
list(JOIN libingest_requires ", " libingest_requires)
if(INGEST_SHARED) # which brings along what it needs; whoever links the archive names it
    set(libingest_links "Requires.private: ${libingest_requires}\nLibs.private: ${libingest_private}\nLibs: -L\${libdir} -lingest")
else()
    set(libingest_links "Requires: ${libingest_requires}\nLibs: -L\${libdir} -lingest ${libingest_private}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(libingest_prefix "${CMAKE_INSTALL_PREFIX}")
else() # found from where the file lies, so that the tree may be moved
    file(RELATIVE_PATH libingest_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" libingest_prefix "\${pcfiledir}/${libingest_prefix}")
endif()
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE libingest_libdir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY "\${prefix}" OUTPUT_VARIABLE libingest_includedir)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/ingest.pc @ONLY CONTENT
"prefix=@libingest_prefix@
libdir=@libingest_libdir@
includedir=@libingest_includedir@

Name: libingest
Description: access logs to download rollups
Version: @PROJECT_VERSION@
@libingest_links@
Cflags: -I\${includedir}
")
install(TARGETS libingest COMPONENT library)
if(INGEST_SHARED)
    install(TARGETS libingest_shared COMPONENT library)
endif()
install(FILES include/ingest.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(FILES ${CMAKE_BINARY_DIR}/ingest.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
