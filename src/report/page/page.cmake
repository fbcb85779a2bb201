# The page of `ingest report`, inside the binary: src/report/page.c takes in what bundle.cmake makes of the files here.
#
# The chart library comes from npm, held to the hashes of package-lock.json, once for each build directory and lock; npm
# keeps what it fetched, so that the next build directory needs no network. Without it the page has plain charts.
option(INGEST_CHARTS "draw the charts of the report with uPlot, which npm brings" ON)
set(INGEST_UPLOT "" CACHE PATH "a directory with uPlot (dist/, LICENSE), where it is not to be fetched")

set(page ${CMAKE_CURRENT_LIST_DIR})
set(page_made ${CMAKE_BINARY_DIR}/generated/report)
# What is imported stands before those who import it.
set(page_modules text.js numbers.js days.js model.js happened.js plain.js chart.js spark.js figures.js versions.js ranking.js calendar.js boards.js
    about.js range.js main.js)

# npm_fetch DIR INTO WHY: what DIR/package-lock.json names, in INTO/node_modules. WHY is "" or the reason why not.
function(npm_fetch dir into why)
    set(${why} "" PARENT_SCOPE)
    file(SHA256 ${dir}/package-lock.json lock)
    if(EXISTS ${into}/fetched-${lock})
        return()
    endif()
    find_program(NPM npm)
    if(NOT NPM)
        set(${why} "npm is not there (Debian package npm)" PARENT_SCOPE)
        return()
    endif()
    file(REMOVE_RECURSE ${into})
    file(MAKE_DIRECTORY ${into})
    file(COPY ${dir}/package.json ${dir}/package-lock.json DESTINATION ${into})
    execute_process(
        COMMAND ${NPM} ci --prefer-offline --ignore-scripts --no-audit --no-fund
            --fetch-retries=2 --fetch-retry-mintimeout=500 --fetch-timeout=30000
        WORKING_DIRECTORY ${into} TIMEOUT 120 RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT status EQUAL 0)
        string(REGEX MATCH "npm (ERR!|error) [^\n]*" line "${said}")
        if(line STREQUAL "")
            string(REGEX REPLACE "\n.*" "" line "${status}: ${said}")
        endif()
        set(${why} "npm ci failed: ${line}" PARENT_SCOPE)
        return()
    endif()
    file(WRITE ${into}/fetched-${lock} "")
endfunction()

set(charts "")
if(INGEST_UPLOT)
    set(charts ${INGEST_UPLOT})
elseif(INGEST_CHARTS)
    npm_fetch(${page} ${CMAKE_BINARY_DIR}/npm why)
    if(why STREQUAL "")
        set(charts ${CMAKE_BINARY_DIR}/npm/node_modules/uplot)
    else()
        message(STATUS "the page of `ingest report` will have plain charts, that cannot be zoomed by hand: "
            "they take uPlot from npm, and ${why}")
    endif()
endif()

set(page_sources ${page}/bundle.cmake ${page}/index.html ${page}/page.css)
foreach(module ${page_modules})
    list(APPEND page_sources ${page}/${module})
endforeach()
set(charts_sources "")
if(charts)
    set(charts_sources ${charts}/dist/uPlot.iife.min.js ${charts}/dist/uPlot.min.css ${charts}/LICENSE)
    include(GNUInstallDirs)
    install(FILES ${charts}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.uPlot)
endif()

list(JOIN page_modules "," modules)
add_custom_command(OUTPUT ${page_made}/head.html ${page_made}/tail.html
    COMMAND ${CMAKE_COMMAND} -DPAGE=${page} -DOUT=${page_made} -DMODULES=${modules} -DCHARTS=${charts} -P ${page}/bundle.cmake
    DEPENDS ${page_sources} ${charts_sources} ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Joining the page of the report" VERBATIM)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/report/page.c PROPERTIES
    OBJECT_DEPENDS "${page_made}/head.html;${page_made}/tail.html"
    COMPILE_DEFINITIONS "REPORT_PAGE_HEAD=\"${page_made}/head.html\";REPORT_PAGE_TAIL=\"${page_made}/tail.html\"")
