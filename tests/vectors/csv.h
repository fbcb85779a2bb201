/*
 * Reading a CSV of vectors: a header line, then rows; fields quoted where they hold commas. One row at a time, the
 * fields end in NUL and live until the next row. Anything unexpected ends the test.
 */
#ifndef INGEST_TESTS_CSV_H
#define INGEST_TESTS_CSV_H

#include "ingest/base.h"

#define CSV_FIELDS_MAX 16

/* An assert that stays in a release build. */
#define csv_must(holds) ((holds) ? (void)0 : abort())

struct csv {
    FILE  *file;
    char  *line;
    size_t cap, n_fields;
    char  *fields[CSV_FIELDS_MAX];
};

static inline bool
csv_next(struct csv *c)
{
    ssize_t n = getline(&c->line, &c->cap, c->file);
    char *in = c->line, *out = c->line;
    bool quoted = false;

    if (n <= 0)
        return false;
    c->n_fields = 1;
    c->fields[0] = out;
    for (; *in != '\0' && (quoted || *in != '\n'); in++) {
        if (*in == '"' && quoted && in[1] == '"') {
            *out++ = *in++;
        } else if (*in == '"') {
            quoted = !quoted;
        } else if (*in == ',' && !quoted) {
            csv_must(c->n_fields < CSV_FIELDS_MAX);
            *out++ = '\0';
            c->fields[c->n_fields++] = out;
        } else {
            *out++ = *in;
        }
    }
    csv_must(!quoted); /* no field of a vector holds a line feed */
    *out = '\0';
    return true;
}

/* False: there is no such file. The header line is skipped. */
static inline bool
csv_open(struct csv *c, const char *path)
{
    *c = (struct csv){ .file = fopen(path, "re") };
    return c->file != NULL && csv_next(c);
}

static inline void
csv_close(struct csv *c)
{
    if (c->file != NULL)
        fclose(c->file);
    free(c->line);
}

/* "\x118b7f" or "118b7f" to bytes; returns how many. */
static inline size_t
csv_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;

    if (strncmp(hex, "\\x", 2) == 0)
        hex += 2;
    for (; hex[2 * n] != '\0'; n++) {
        unsigned byte = 0;

        csv_must(n < cap && sscanf(hex + 2 * n, "%2x", &byte) == 1);
        out[n] = (uint8_t)byte;
    }
    return n;
}

#endif
