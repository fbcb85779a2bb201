/*
 * The page's two parts, taken into the binary by the assembler; page/page.cmake says where they are.
 */
#include "ingest/base.h"

#include "page.h"

#define TAKE_IN(symbol, place)                                                                \
    __asm__(".section .rodata\n"                                                              \
            ".globl " symbol "\n"                                                             \
            ".hidden " symbol "\n" symbol ":\n"                                               \
            ".incbin \"" place "\"\n" symbol "_end:\n"                                        \
            ".byte 0\n"                                                                       \
            ".balign 8\n"                                                                     \
            ".globl " symbol "_bytes\n"                                                       \
            ".hidden " symbol "_bytes\n" symbol "_bytes:\n"                                   \
            ".dc.a " symbol "_end - " symbol "\n"                                             \
            ".previous\n");

TAKE_IN("report_page_head", REPORT_PAGE_HEAD)
TAKE_IN("report_page_tail", REPORT_PAGE_TAIL)
