/*
 * The format string of a web server's access log, compiled: nginx's log_format (ngx_http_log_module) or Apache's
 * LogFormat (mod_log_config), as it stands in the server's configuration. It says what a line of format `custom` holds.
 */
#ifndef INGEST_LOG_FORMAT_H
#define INGEST_LOG_FORMAT_H

#include "ingest/arena.h"
#include "ingest/err.h"
#include "ingest/slice.h"

#define LOG_FORMAT_BYTES_MAX 4096
#define LOG_FORMAT_PARTS_MAX 128

/* What a variable gives to a record. Of several that give the same, the best is used; the others are skipped. */
enum log_field {
    LOG_SKIP,
    LOG_CLIENT,
    LOG_FORWARDED,
    /* time, whole */
    LOG_CLF,     /* 10/Oct/2000:13:55:36 -0700 */
    LOG_ISO,     /* 2000-10-10T13:55:36-07:00 */
    LOG_SECONDS, /* since 1970; a fraction may follow */
    LOG_MILLIS,
    LOG_MICROS,
    /* time, in pieces of fixed width, as strftime(3) writes them */
    LOG_YEAR,
    LOG_MONTH,      /* 01..12 */
    LOG_MONTH_NAME, /* Jan..Dec */
    LOG_DAY,        /* 01..31, or with a blank in front */
    LOG_HOUR,
    LOG_MINUTE,
    LOG_SECOND,
    LOG_FRACTION, /* digits behind the second's point */
    LOG_ZONE,     /* -0700 */
    /* what was asked for */
    LOG_REQUEST, /* GET /path?query HTTP/1.1 */
    LOG_METHOD,
    LOG_TARGET, /* /path?query, encoded */
    LOG_URI,    /* the path, decoded by the server */
    LOG_RANGE,  /* bytes=0-99 */
    /* what came of it */
    LOG_STATUS,
    LOG_BYTES,
    LOG_CONTENT_RANGE, /* bytes 0-99/1000 */
    LOG_AGENT,
    LOG_COUNTRY,
    LOG_FIELDS_N
};

/* How a server keeps a value's bytes from ending it. */
enum log_escape {
    LOG_ESCAPE_DEFAULT, /* nginx: \xHH for quotes, backslashes and what is not printable; Apache: \" \\ \n \t \xhh */
    LOG_ESCAPE_JSON,    /* nginx, escape=json: \" \\ \n \t \u00XX */
    LOG_ESCAPE_NONE,    /* nginx, escape=none */
};

/* Where a value ends; then the text behind the variable must stand there. */
enum log_end {
    LOG_END_WIDTH, /* after `width` bytes */
    LOG_END_QUOTE, /* at the first quote that no backslash escapes */
    LOG_END_BYTE,  /* at the first byte that is the first one of that text: the value cannot hold it */
    LOG_END_TEXT,  /* where that text stands first; if a value of fixed width or a word follows, with the text behind that in its place too */
    LOG_END_LIST,  /* the same, but ", " and " : " belong to the value */
    LOG_END_LINE,  /* at the end of the line */
};

struct log_part {
    enum log_field field;
    enum log_end   end;
    uint8_t        width;    /* of LOG_END_WIDTH, 1 at least */
    bool           word;     /* the value holds no blank */
    bool           is_url;   /* LOG_TARGET or LOG_URI with a host in front: the path begins at the first '/' */
    bool           dashed;   /* LOG_URI with nginx's $args behind it, which is "-" where there is no query */
    struct slice   name;     /* as written: "$http_x_mark", "%{X-Mark}i" */
    struct slice   after;    /* the text between this variable and the next one, or the line's end */
};

struct log_format {
    enum log_escape escape;
    bool            has_body_bytes; /* LOG_BYTES are those of the body, without headers */
    struct slice    before;         /* the text in front of the first variable */
    const struct log_part *parts;
    size_t          n_parts;
};

/*
 * Compiles `text`, 1..LOG_FORMAT_BYTES_MAX bytes: the string alone, or the directive around it (log_format NAME [escape=...]
 * '...' '...'; or LogFormat "..." NAME), or what stands behind the name. The first '$' or '%' with a name tells whose it is.
 * What `out` points to is a copy in `arena`.
 *
 * ST_USAGE: a variable that neither manual has, two variables with nothing to tell where the first ends, no time, no path,
 * ...: err->cause shows the string with a caret under the place, err->hint what to write. ST_MEMORY.
 */
enum st log_format_compile(struct log_format *out, struct slice text, struct arena *arena, struct err *err);

#endif
