/*
 * The variables that nginx's and Apache's manuals have, and what each gives to a record: the data of the compiler of log
 * formats. Both manuals were read in November 2026: nginx.org's index of variables, and mod_log_config, mod_logio and
 * mod_ssl of Apache 2.4.
 */
#ifndef INGEST_FORMAT_LOG_NAMES_H
#define INGEST_FORMAT_LOG_NAMES_H

#include "ingest/log_format.h"

/* What a variable may stand beside without text between. */
enum log_glue {
    GLUE_NONE,
    GLUE_HOST,  /* a host's name or port, in front of the path of a URL */
    GLUE_QUERY, /* "", "?" or "?a=b", or what may follow a '?': behind a path */
};

struct log_var {
    const char    *name;  /* one that ends in '_': all names that begin so */
    enum log_field field;
    uint8_t        rank;  /* among those of one field, the lowest is taken */
    uint8_t        width; /* bytes, where every value has the same number */
    bool           word;  /* a value never holds a blank */
    bool           list;  /* a value may be a list: "a, b" or "a : b" */
    bool           body;  /* LOG_BYTES without headers */
    bool           dashed; /* nginx logs "-" where there is none, be it in the middle of a URL */
    enum log_glue  glue;
};

/* `name` without its '$'; NULL: no such variable. */
const struct log_var *log_name_nginx(struct slice name);

/* The known name that is nearest to `name`; NULL: none is near. */
const char *log_name_nginx_near(struct slice name);

/* %{argument}letter; argument.p NULL: none. Not for %t, which strftime writes. NULL: no such directive. */
const struct log_var *log_name_apache(struct slice argument, struct slice letter);

#endif
