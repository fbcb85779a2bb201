# One page out of index.html, page.css, the modules and the chart library: what stands before the report's document and
# what stands behind it. Needs nothing but CMake.
#
#   cmake -DPAGE=DIR -DOUT=DIR -DMODULES=a.js,b.js [-DCHARTS=DIR] -P bundle.cmake
#
# The modules are joined in the given order, a module behind those that it imports from: `import` goes, and so does the
# word `export`. All of them share one scope, as files of C do; a name that is there twice is a syntax error, which the
# test of the page finds. The policy of the page allows what stands in it by its hash, and nothing else.
cmake_minimum_required(VERSION 3.20)

set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)

# 'sha256-...' of a text, as CSP Level 3 (2.3.1) writes it: in base 64, of which CMake knows nothing. 32 bytes are ten
# groups of three, and two that are left.
function(source_hash text out)
    string(SHA256 hex "${text}")
    set(base64 "")
    foreach(at RANGE 0 60 6)
        string(SUBSTRING "${hex}0000" ${at} 6 group)
        foreach(shift 18 12 6 0)
            math(EXPR digit "(0x${group} >> ${shift}) & 63")
            string(SUBSTRING ${digits} ${digit} 1 digit)
            string(APPEND base64 ${digit})
        endforeach()
    endforeach()
    string(SUBSTRING ${base64} 0 43 base64)
    set(${out} "'sha256-${base64}='" PARENT_SCOPE)
endfunction()

function(no_end_inside text what)
    if("${text}" MATCHES "</script|</style|<!--|\r")
        message(FATAL_ERROR "${what} has in it what would end it: \"${CMAKE_MATCH_0}\"")
    endif()
endfunction()

file(READ ${PAGE}/index.html page)
file(READ ${PAGE}/page.css style)

set(script "")
string(REPLACE "," ";" MODULES "${MODULES}")
foreach(module ${MODULES})
    file(READ ${PAGE}/${module} text)
    string(REGEX REPLACE "(^|\n)import [^;]*;" "\\1" text "${text}")
    string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
    string(APPEND script "${text}\n")
endforeach()

set(charts "")
set(licence "")
if(CHARTS)
    file(READ ${CHARTS}/dist/uPlot.iife.min.js charts)
    file(READ ${CHARTS}/dist/uPlot.min.css charts_style)
    file(READ ${CHARTS}/LICENSE licence)
    string(PREPEND style "${charts_style}\n")
    string(REPLACE "&" "&amp;" licence "${licence}")
    string(REPLACE "<" "&lt;" licence "${licence}")
    string(REPLACE ">" "&gt;" licence "${licence}")
endif()
no_end_inside("${script}" "a module of the page")
no_end_inside("${charts}" "the chart library")
no_end_inside("${style}" "the style of the page")

source_hash("${script}" script_source)
source_hash("${style}" style_source)
set(charts_source "")
if(charts)
    source_hash("${charts}" charts_source)
    string(PREPEND charts_source " ")
endif()
foreach(name script_source charts_source style_source licence style charts script)
    string(TOUPPER "@${name}@" marker)
    string(REPLACE "${marker}" "${${name}}" page "${page}")
endforeach()

string(FIND "${page}" "@DOCUMENT@\n" at)
if(at EQUAL -1)
    message(FATAL_ERROR "${PAGE}/index.html has no line @DOCUMENT@")
endif()
string(SUBSTRING "${page}" 0 ${at} head)
math(EXPR at "${at} + 11")
string(SUBSTRING "${page}" ${at} -1 tail)
file(WRITE ${OUT}/head.html "${head}")
file(WRITE ${OUT}/tail.html "${tail}")
