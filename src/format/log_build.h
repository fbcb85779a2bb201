/*
 * Inside the compiler of log formats: parts as they are found, one by one. log_format.c reads nginx's strings and Apache's and
 * decides what is used; log_strftime.c reads Apache's %{...}t.
 */
#ifndef INGEST_FORMAT_LOG_BUILD_H
#define INGEST_FORMAT_LOG_BUILD_H

#include "log_names.h"
#include "log_unwrap.h"

/* A variable, before it is decided whether it is used. */
struct log_draft {
    struct log_var var;
    size_t         from, to;  /* its bytes in the source */
    size_t         text, end; /* the literal text in front of it, in log_build.literal */
    bool           is_url, dashed;
};

struct log_build {
    struct slice     source;
    struct log_text  text; /* the source, unwrapped */
    char             literal[LOG_FORMAT_BYTES_MAX + 2 * LOG_FORMAT_PARTS_MAX]; /* %t adds two brackets */
    size_t           n_literal, literal_from; /* all; where that of the next part begins */
    struct log_draft drafts[LOG_FORMAT_PARTS_MAX];
    size_t           n_drafts;
    struct err      *err;
};

/* One byte of text that must stand in the line before what is added next. */
void    log_add_literal(struct log_build *b, char c);
/* The variable at bytes i .. end of the unwrapped text. ST_USAGE: nothing tells it from the one before; too many. */
enum st log_add_var(struct log_build *b, const struct log_var *var, size_t i, size_t end);

/* ST_USAGE, with the caret under byte i of the unwrapped text. */
enum st log_build_malformed(struct log_build *b, size_t i, const char *defect, const char *hint);

/* Apache's %{argument}t, at bytes i .. end of the unwrapped text, the argument from `from` to `to`. */
enum st log_add_strftime(struct log_build *b, size_t i, size_t end, size_t from, size_t to);

#endif
