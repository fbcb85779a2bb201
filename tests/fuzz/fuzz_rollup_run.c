/*
 * Rows through a file of a run and back: as they were, by two readers at once. Then the file with bytes changed, cut or
 * doubled: rows as they were up to somewhere, then ST_DISK; never others.
 */
#include "run_priv.h"

#include "fuzz_bytes.h"

#define ROWS_MAX 512

static uint8_t filler[KEY_BYTES_MAX + HLL_WIRE_MAX];

/* Long texts cost the input a few bytes each; they say where in `filler` they begin. */
static struct slice
text(struct bytes *b, size_t most)
{
    size_t n = (size_t)take_number(b, 2) % (most + 1);

    return (struct slice){ (char *)filler + take_byte(b), n < sizeof filler - 256 ? n : sizeof filler - 256 };
}

static size_t
rows_of(struct bytes *b, struct row *rows, size_t n_sums)
{
    size_t n = 0;

    while (b->n > 0 && n < ROWS_MAX) {
        struct row *row = &rows[n++];

        *row = (struct row){ .key = text(b, KEY_BYTES_MAX), .sketch = text(b, HLL_WIRE_MAX) };
        for (size_t i = 0; i < n_sums; i++)
            row->sums[i] = (int64_t)take_number(b, 8);
    }
    return n;
}

static bool
same(const struct row *a, const struct row *b, size_t n_sums)
{
    return slice_eq(a->key, b->key) && slice_eq(a->sketch, b->sketch) &&
           (b->sketch.p == NULL) == (b->sketch.n == 0) &&
           memcmp(a->sums, b->sums, n_sums * sizeof *a->sums) == 0;
}

/* How many rows came before it ended as `*rc` says. */
static size_t
read_back(const struct run *run, const struct row *rows, size_t n, size_t n_sums, enum st *rc)
{
    struct run_reader *r = calloc(1, sizeof *r);
    struct err err = { 0 };
    struct row row = { 0 };
    size_t at = 0;

    MUST(r != NULL);
    r->run = run;
    r->n_sums = n_sums;
    while ((*rc = run_read(r, &row, &err)) == ST_OK) {
        MUST(at < n && same(&rows[at], &row, n_sums));
        at++;
    }
    MUST(*rc == ST_EOF || err.cause[0] != '\0');
    free(r);
    return at;
}

static void
damage(const struct run *run, struct bytes *b)
{
    uint64_t at = take_number(b, 3) % run->n_bytes;
    uint8_t change = take_byte(b), byte;

    if (change == 0) {
        MUST(ftruncate(run->fd, (off_t)at) == 0);
        return;
    }
    MUST(pread(run->fd, &byte, 1, (off_t)at) == 1);
    byte ^= change;
    MUST(pwrite(run->fd, &byte, 1, (off_t)at) == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    size_t n_sums = take_byte(&b) % (SUMS_MAX + 1), n;
    struct bytes harm = { (const uint8_t *)take_slice(&b, 4).p, size < 5 ? 0 : 4 };
    struct row *rows = calloc(ROWS_MAX, sizeof *rows);
    struct run_writer *w = calloc(1, sizeof *w);
    struct run run;
    struct err err = { 0 };
    enum st rc;

    for (size_t i = 0; i < sizeof filler; i++)
        filler[i] = (uint8_t)(i * 131 >> 3);
    MUST(rows != NULL && w != NULL && run_open(&run, NULL, &err) == ST_OK);
    w->run = &run;
    w->n_sums = n_sums;
    n = rows_of(&b, rows, n_sums);
    for (size_t i = 0; i < n; i++)
        MUST(run_write(w, &rows[i], &err) == ST_OK);
    MUST(run_finish(w, &err) == ST_OK);
    MUST(read_back(&run, rows, n, n_sums, &rc) == n && rc == ST_EOF);
    if (run.n_bytes > 0) {
        damage(&run, &harm);
        MUST(read_back(&run, rows, n, n_sums, &rc) < n && rc == ST_DISK);
    }
    run_close(&run);
    free(rows);
    free(w);
    return 0;
}
