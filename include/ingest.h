/*
 * libingest: access logs in, download rollups out, in a program of your own. What `ingest -o` does with files, without
 * a database: the containers (gzip, zstd, bzip2, xz), all log formats, rules, routes, datasets and sketches.
 * docs/LIBRARY.md leads through it; tests/library/example.c is a whole program.
 *
 *     struct ingest_options options = { .size = sizeof options };
 *     struct ingest *h;
 *
 *     if (ingest_open(&h, &options) != INGEST_OK || ingest_add_file(h, "access.log.gz") != INGEST_OK)
 *         fprintf(stderr, "%s\n", ingest_error(h));
 *     ingest_rows(h, print_row, NULL);
 *     ingest_close(h);
 *
 * A handle is used by one thread at a time; any number of handles may be used at once, each by a thread of its own.
 * The library prints nothing, ends no process (but by assert(3), at a bug of its own), has no global state, and touches
 * no signals, no working directory, no locale of the process and no environment variable (it reads one, systemd's
 * $CREDENTIALS_DIRECTORY, when it judges the mode of `client_key_file`). Callbacks run in the locale "C". It opens the
 * files that it is given, a random source, and temporary files without a name in `tmpdir`.
 *
 * Days are days since 1970-01-01, times microseconds since then, both UTC; sizes are bytes. Texts are UTF-8 and end
 * in NUL where they are `const char *`. Everything that a function is given is copied before it returns; what it gives
 * belongs to the handle, for as long as is said.
 */
#ifndef INGEST_H
#define INGEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define INGEST_API __attribute__((visibility("default")))
#else
#define INGEST_API
#endif

/* What a call came to. ingest_error says more of all but INGEST_OK and INGEST_KNOWN. */
enum ingest_status {
    INGEST_OK = 0,
    INGEST_KNOWN = 1,   /* no failure: the same bytes, decoded, were added before, under whatever name: they count once */
    INGEST_REFUSED = 2, /* this input is damaged, cannot be read, or is of no known format: nothing of it counts, and all else does */
    INGEST_USAGE = 3,   /* an option, or a call at this time, that makes no sense: nothing has changed */
    INGEST_STOPPED = 4, /* a callback asked for it: nothing of this input counts; or the rows end here */
    INGEST_MEMORY = 5,  /* no memory. From here on the handle is good for ingest_error and ingest_close alone */
    INGEST_DISK = 6     /* a temporary file cannot be made or written. The same */
};

struct ingest; /* a handle */

/* Bytes that need not end in NUL, as logged; `p` NULL: there is no such field. */
struct ingest_text {
    const char *p;
    size_t n;
};

/* ---- one record: for those who want the parser ---- */

#define INGEST_NO_DAY INT32_MIN

/* A request, or an event. All of it lives until the callback returns. */
struct ingest_record {
    const char *why;   /* "counted", or the reason why it is not, as docs/COUNTING.md names them */
    int rejected;      /* the line is damaged: only `why`, `line_no`, `first` and, where known, `day` hold */
    uint64_t line_no;  /* from 1 */
    int first;         /* the first record of its line; of most formats the only one */
    int32_t day;       /* INGEST_NO_DAY: not known */
    int64_t time_us;
    int status;        /* of HTTP; 0: the format has none */
    int64_t bytes;
    struct ingest_text method, path, query, agent, client, forwarded, country;
    struct ingest_text network, station, location, channel; /* of fdsnws */
};

/* Anything but 0 stops: the call that led here gives INGEST_STOPPED. No function may be called with the handle from here. */
typedef int ingest_record_callback(void *ctx, const struct ingest_record *record);

/* ---- options ---- */

enum ingest_clients {
    INGEST_CLIENTS_NONE = 0, /* no sketches */
    INGEST_CLIENTS_KEYED,    /* addresses are hashed under a secret key: `client_key` or `client_key_file` */
    INGEST_CLIENTS_PLAIN     /* as --client-key none: who has such a sketch can try addresses */
};

/* All zero but `size`: formats by their beginning, rules `default`, everything that a log holds. */
struct ingest_options {
    size_t size;                 /* sizeof(struct ingest_options), which tells what the caller knows */
    const char *format;          /* as --format; NULL: by the beginning of each input */
    const char *log_format;      /* as --log-format: nginx's log_format or Apache's LogFormat; then `format` is NULL */
    const char *dataset;         /* as --dataset; NULL: what the format feeds */
    const char *rules;           /* as --rules, one that comes with the program; NULL: `default` */
    const char *const *routes;   /* as --route, in their order */
    size_t n_routes;
    const char *since, *until;   /* "YYYY-MM-DD", half-open; NULL: open */
    const char *node;            /* named in rows that have a node; NULL: "local" */
    enum ingest_clients clients;
    const unsigned char *client_key; /* 16 bytes; NULL: there is a file */
    const char *client_key_file; /* as --client-key reads it: keys of 32 hexadecimal digits, each from its day on */
    size_t memory;               /* ceiling of the rollups of a dataset, at least 16 MiB; 0: 256 MiB. What is more goes to `tmpdir` */
    const char *tmpdir;          /* NULL: /tmp */
    int max_reject_percent;      /* as --max-reject: refuse an input with more of its lines rejected; 0: 50; 100: none; -1: one line is too much */
    int salvage;                 /* not 0: of an input that is cut short count the whole lines before the cut */
    int require_integrity;       /* not 0: refuse containers without a checksum */
    ingest_record_callback *record; /* called for each record of each input, also of those refused later; NULL: not at all */
    void *ctx;                   /* for `record`, which is called while the caller is inside a call, from whatever thread */
};

/*
 * Makes a handle. INGEST_OK; INGEST_USAGE, INGEST_MEMORY: *out is good for ingest_error and ingest_close, or NULL without
 * memory. `options` NULL: all zero.
 */
INGEST_API enum ingest_status ingest_open(struct ingest **out, const struct ingest_options *options);

/* Frees everything, an input that has not ended too. NULL is fine. */
INGEST_API void ingest_close(struct ingest *h);

/* Forgets all inputs, rows and totals; the options stay. An input that has not ended is dropped. INGEST_OK, INGEST_MEMORY, INGEST_DISK. */
INGEST_API enum ingest_status ingest_reset(struct ingest *h);

/*
 * Why the last call with this handle failed, in a line: "logs/a.gz:48211: cannot decode gzip member: the input ends
 * inside a block, at byte 1048576 of the file as stored". Fit for a terminal, whatever the log holds. Lives until the next
 * call with the handle. "" after success.
 */
INGEST_API const char *ingest_error(const struct ingest *h);

/* "0.1.0". */
INGEST_API const char *ingest_version(void);

/* ---- inputs ---- */

/*
 * Counts a regular file, packed or not. Half a line at the end of a plain file is left out: it may be a log that is being written.
 * INGEST_OK, INGEST_KNOWN, INGEST_REFUSED, INGEST_STOPPED; INGEST_USAGE: the rows were read, or pieces of an input have not ended.
 */
INGEST_API enum ingest_status ingest_add_file(struct ingest *h, const char *path);

/*
 * The next piece of an input that is no file, packed or not, cut anywhere; the first piece begins it. A thread that lives until
 * the input ends does the work, while the caller waits.
 * INGEST_OK; else what ingest_end_input will give, from here on: further pieces are passed over. INGEST_USAGE as above.
 */
INGEST_API enum ingest_status ingest_add_bytes(struct ingest *h, const void *bytes, size_t n);

/* All pieces came: a last line counts, whether a line feed ends it or not. As ingest_add_file; without any piece it was empty. */
INGEST_API enum ingest_status ingest_end_input(struct ingest *h);

/* Not all pieces came: nothing of this input counts. Nothing happens where there is none. */
INGEST_API void ingest_drop_input(struct ingest *h);

/* ---- rows ---- */

enum ingest_kind {
    INGEST_TEXT,  /* of the key */
    INGEST_DAY,   /* of the key: `number` is the day, `text` "2024-02-29" */
    INGEST_UUID,  /* of the key: `text` as RFC 9562 writes it */
    INGEST_INT,   /* of the key: `number` */
    INGEST_SUM,   /* a count, bytes: `number` */
    INGEST_SKETCH /* of clients: `text` is the bytes of an hll(11,5) of postgresql-hll */
};

/* All but a sketch is there as text, too, which ends in NUL. */
struct ingest_column {
    const char *name;  /* of the table's column: "name", "dldate", "count" */
    enum ingest_kind kind;
    const char *text;  /* NULL: the column is NULL, as the version of the row of all versions is */
    size_t size;       /* of `text` */
    int64_t number;
};

/* Lives until the callback returns. Columns stand in the order of `ingest -o`: the node where there is one, keys, sums, sketch. */
struct ingest_row {
    const char *dataset, *table; /* "stats", "stats" */
    const struct ingest_column *columns;
    size_t n_columns;
};

/* Anything but 0 stops. No function may be called with the handle from here. */
typedef int ingest_row_callback(void *ctx, const struct ingest_row *row);

/*
 * Gives all rows, table by table, sorted by their keys bytewise with NULL first; each key once. They can be read again; but
 * nothing can be added behind, until ingest_reset. INGEST_OK, INGEST_STOPPED; INGEST_USAGE: pieces of an input have not ended;
 * INGEST_MEMORY, INGEST_DISK.
 */
INGEST_API enum ingest_status ingest_rows(struct ingest *h, ingest_row_callback *callback, void *ctx);

/* ---- what became of all that was read ---- */

enum ingest_outcome { INGEST_COUNTED, INGEST_FILTERED, INGEST_REJECTED };

struct ingest_reason {
    const char *name, *about;  /* "not_a_download", "no route takes the path"; they live as long as the library */
    enum ingest_outcome outcome;
    uint64_t lines, records;
};

/* Of the inputs that count. lines = the sum of all reasons' lines; records likewise. */
struct ingest_totals {
    uint64_t counted, known, refused;    /* inputs; one that was stopped, dropped or failed is none of them */
    uint64_t lines, records;
    uint64_t stored_bytes, decoded_bytes;
    uint64_t unterminated_bytes;         /* of half lines at the end of plain files */
    const struct ingest_reason *reasons; /* all there are; the first is "counted" */
    size_t n_reasons;
};

/* Lives until the next call with the handle; members may come to stand behind these. NULL for the handle of an ingest_open that failed. */
INGEST_API const struct ingest_totals *ingest_totals(struct ingest *h);

#ifdef __cplusplus
}
#endif

#endif
