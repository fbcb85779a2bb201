# What `cmake --install` puts where, and the Debian package that CPack makes of it (tools/package/deb).
include(GNUInstallDirs)
install(TARGETS ingest)

# ---- made by the program itself: what it tells must be what it does --------------------------------------------
set(made ${CMAKE_BINARY_DIR}/installed)
set(pages ingest.1 ingest.ini.5 ingest-formats.5)
set(shells bash zsh fish)
set(outputs "")
# made_by_ingest(FILE WORD...): what `ingest WORD...` prints, in FILE.
function(made_by_ingest file)
    add_custom_command(OUTPUT ${made}/${file} DEPENDS ingest VERBATIM
        COMMAND ${CMAKE_COMMAND} "-DCOMMAND=$<JOIN:${CMAKE_CROSSCOMPILING_EMULATOR};$<TARGET_FILE:ingest>;${ARGN},;>" -DOUTPUT=${made}/${file}
            -P ${CMAKE_SOURCE_DIR}/tools/package/print.cmake)
    list(APPEND outputs ${made}/${file})
    set(outputs ${outputs} PARENT_SCOPE)
endfunction()

# Another machine's program cannot be asked without an emulator.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
    foreach(page ${pages})
        string(REGEX REPLACE "\\.[15]$" "" name ${page})
        string(REGEX MATCH "[15]$" section ${page})
        made_by_ingest(${page}.gz help man ${name})
        install(FILES ${made}/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endforeach()
    foreach(shell ${shells})
        made_by_ingest(ingest.${shell} completion ${shell})
    endforeach()
    add_custom_target(installed ALL DEPENDS ${outputs})
    install(FILES ${made}/ingest.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ingest)
    install(FILES ${made}/ingest.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _ingest)
    install(FILES ${made}/ingest.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME ingest.fish)
endif()

# ---- units, documents, examples ---------------------------------------------------------------------------------
# The units name the program by its path.
set(INGEST_UNITDIR lib/systemd/system CACHE STRING "where systemd's units go, below the prefix")
foreach(unit ingest.service ingest.timer)
    file(READ ${CMAKE_SOURCE_DIR}/tools/systemd/${unit} text)
    string(REPLACE "/usr/bin/ingest" "${CMAKE_INSTALL_FULL_BINDIR}/ingest" text "${text}")
    file(CONFIGURE OUTPUT ${made}/${unit} CONTENT "${text}" @ONLY)
    install(FILES ${made}/${unit} DESTINATION ${INGEST_UNITDIR})
endforeach()
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY testdata/logs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples FILES_MATCHING PATTERN "*.gz")

# What is new, under the names that Debian's policy wants. Its own entry bears the day of SOURCE_DATE_EPOCH, if there is one.
string(TIMESTAMP day "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT ${made}/entry CONTENT
"ingest (${PROJECT_VERSION}-1) unstable; urgency=medium

  * /usr/share/doc/ingest/changelog.gz tells what is new.

 -- the ingest maintainers <maintainers@ingest.example>  ${day}
" @ONLY)
# packed(FILE FROM): a copy of FROM, gzipped.
function(packed file from)
    add_custom_command(OUTPUT ${made}/${file} DEPENDS ${from} VERBATIM
        COMMAND ${CMAKE_COMMAND} "-DCOMMAND=cat;${from}" -DOUTPUT=${made}/${file} -P ${CMAKE_SOURCE_DIR}/tools/package/print.cmake)
    install(FILES ${made}/${file} DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()
packed(changelog.gz ${CMAKE_SOURCE_DIR}/CHANGELOG.md)
packed(changelog.Debian.gz ${made}/entry)
add_custom_target(changelogs ALL DEPENDS ${made}/changelog.gz ${made}/changelog.Debian.gz)

# ---- the package ------------------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ingest)
set(CPACK_PACKAGE_VENDOR "the ingest maintainers")
set(CPACK_PACKAGE_CONTACT "the ingest maintainers <maintainers@ingest.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "counts access logs into PostgreSQL, each exactly once")
set(CPACK_PACKAGE_DESCRIPTION
    "Turns gzipped access logs of web servers, CDNs and data services into download
statistics per day and month in PostgreSQL, with bytes and unique clients. Each
log counts exactly once, whatever its name, its compression, the number of runs
and hosts, and wherever a run was killed. For package registries and for
seismological data centres.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-client")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-15, postgresql-15-hll")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# The example is damaged on purpose, as real logs are.
file(WRITE ${made}/overrides "ingest: broken-gz [usr/share/doc/ingest/examples/combined-crates-mirror.log.gz]\n")
install(FILES ${made}/overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ingest)
include(CPack)
