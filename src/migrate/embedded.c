/*
 * The files of schema/, taken into the binary by the assembler. The build lists them in
 * schema_files.def, which is read three times: to take the bytes in, to declare them, and to make
 * the table. A line of the list is known by its line number, the same in each reading.
 */
#include "migrate_priv.h"

#define QUOTE_(x)     #x
#define QUOTE(x)      QUOTE_(x)
#define JOIN_(a, b)   a##b
#define JOIN(a, b)    JOIN_(a, b)
#define SYMBOL        JOIN(ingest_schema_, __LINE__)

#define SCHEMA_FILE(path, place)                                                              \
    __asm__(".section .rodata\n"                                                              \
            ".globl " QUOTE(SYMBOL) "\n"                                                      \
            ".hidden " QUOTE(SYMBOL) "\n" QUOTE(SYMBOL) ":\n"                                 \
            ".incbin \"" place "\"\n"                                                         \
            ".byte 0\n"                                                                       \
            ".previous\n");
#include "schema_files.def"
#undef SCHEMA_FILE

#define SCHEMA_FILE(path, place) extern const char SYMBOL[] __attribute__((visibility("hidden")));
#include "schema_files.def"
#undef SCHEMA_FILE

#define SCHEMA_FILE(path, place) { path, SYMBOL },
const struct schema_file schema_files[] = {
#include "schema_files.def"
};
#undef SCHEMA_FILE

const size_t n_schema_files = ARRAY_LEN(schema_files);
