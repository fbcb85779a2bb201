/*
 * Which format is it? Every one is asked how much of an input's beginning it can read. One that is
 * sure and has no equal is taken; else nothing is guessed: the two best are shown, and the line
 * that tells them apart.
 */
#include "format_priv.h"

#include "shown.h"

/* What a format says of one line. */
enum verdict { NOT_READ, ACCEPTED, PASSED_OVER };

/* `verdicts` may be NULL; else it has room for `max` lines, all NOT_READ. */
struct judge {
    bool (*also)(const struct parser *p, const struct record *rec);
    size_t         seen, accepted;
    unsigned char *verdicts;
    size_t         max;
};

static void
judge_record(struct judge *j, const struct parser *p, const struct record *rec)
{
    enum verdict v = ACCEPTED;

    if (!rec->first)
        return;
    if (rec->why == FILTER_COMMENT || rec->why == FILTER_BLANK)
        v = PASSED_OVER;
    else if (reason_is_rejected(rec->why) || (j->also != NULL && !j->also(p, rec)))
        v = NOT_READ;
    j->seen += v != PASSED_OVER;
    j->accepted += v == ACCEPTED;
    if (j->verdicts != NULL && rec->line_no >= 1 && rec->line_no <= j->max)
        j->verdicts[rec->line_no - 1] = (unsigned char)v;
}

/* Parses all of `head`. An input that the format refuses has no line that it accepts. */
static void
judge_head(struct judge *j, const struct format *format, struct slice head)
{
    struct err err; /* whatever goes wrong, it is not of this format */
    struct parser p = { 0 };
    struct record rec;
    size_t n = 1;
    char *copy = malloc(head.n + BLOCK_SLACK);

    if (copy == NULL)
        return;
    if (head.n > 0)
        memcpy(copy, head.p, head.n);
    memset(copy + head.n, 0, BLOCK_SLACK);
    if (parser_init(&p, format, NULL, &err) == ST_OK) {
        parser_feed(&p, &(struct block){ .p = copy, .n = head.n, .first_line_no = 1 });
        while (n > 0) {
            if (parser_next(&p, &rec, 1, &n, &err) != ST_OK) {
                j->accepted = 0;
                break;
            }
            if (n > 0)
                judge_record(j, &p, &rec);
        }
    }
    parser_release(&p);
    free(copy);
}

int
share_of(const struct format *format, struct slice head,
    bool (*also)(const struct parser *p, const struct record *rec))
{
    struct judge j = { .also = also };

    judge_head(&j, format, head);
    return j.seen == 0 ? 0 : (int)(j.accepted * 100 / j.seen);
}

int
share_of_objects(const struct format *format, struct slice head,
                 bool (*also)(const struct parser *p, const struct record *rec))
{
    if (head.n == 0 || memchr(head.p, '{', head.n) == NULL)
        return 0;
    return share_of(format, head, also);
}

int
format_share(const struct format *format, struct slice head)
{
    return share_of(format, head, NULL);
}

bool
format_is_document(struct slice head)
{
    for (size_t i = 0; formats[i] != NULL; i++)
        if (formats[i]->document && formats[i]->sniff(head) >= SNIFF_SURE)
            return true;
    return false;
}

/* ---- the line that decides ---- */

/* Line `no` of `head`, from 1. */
static struct slice
line_no_of(struct slice head, size_t no)
{
    const char *p = head.p, *end = head.p + head.n, *feed;

    while (--no > 0)
        p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
    feed = memchr(p, '\n', (size_t)(end - p));
    return (struct slice){ p, (size_t)((feed == NULL ? end : feed) - p) };
}

static size_t
count_lines(struct slice head)
{
    size_t n = head.n > 0 && head.p[head.n - 1] != '\n';

    for (size_t i = 0; i < head.n; i++)
        n += head.p[i] == '\n';
    return n;
}

/* Where no format was asked, or none went that far: an empty line decides nothing. */
static void
pass_over_blanks(struct slice head, unsigned char *verdicts)
{
    size_t line = 0;
    bool blank = true;

    for (size_t i = 0; i < head.n; i++) {
        if (head.p[i] == '\n') {
            if (blank)
                verdicts[line] = PASSED_OVER;
            line++;
            blank = true;
        } else if (head.p[i] != '\r') {
            blank = false;
        }
    }
}

/*
 * The first line that one of the two reads and the other does not; else the first that the better
 * one does not read; else the first. 0: none.
 */
static size_t
deciding_line(const unsigned char *a, const unsigned char *b, size_t n)
{
    size_t unread = 0, first = 0;

    for (size_t i = 0; i < n; i++) {
        if (a[i] == PASSED_OVER && b[i] == PASSED_OVER)
            continue;
        if ((a[i] == ACCEPTED) != (b[i] == ACCEPTED))
            return i + 1;
        if (first == 0)
            first = i + 1;
        if (unread == 0 && a[i] == NOT_READ)
            unread = i + 1;
    }
    return unread > 0 ? unread : first;
}

/*
 * "line 7, which only "common" reads: ..." below the cause that `err` has, if there is such a line.
 */
static void
add_deciding_line(struct err *err, struct slice head, const struct format *best,
                  const struct format *second)
{
    const size_t n = count_lines(head);
    unsigned char *a = calloc(2, n + 1), *b = a + n + 1;
    struct judge better = { .verdicts = a, .max = n }, other = { .verdicts = b, .max = n };
    char text[SHOWN_TEXT], words[64] = "";
    size_t line;

    if (a == NULL)
        return;
    pass_over_blanks(head, a);
    pass_over_blanks(head, b);
    if (best != NULL)
        judge_head(&better, best, head);
    if (second != NULL)
        judge_head(&other, second, head);
    line = deciding_line(a, b, n);
    if (line > 0) {
        bool one = a[line - 1] == ACCEPTED, two = b[line - 1] == ACCEPTED;

        if (one != two)
            snprintf(words, sizeof words, ", which only \"%s\" reads",
                     one ? best->name : second->name);
        show_line(line_no_of(head, line), text);
        err_cause(err, "%s\nline %zu%s: %s", err->cause, line, words, text);
        err->line_no = line;
    }
    free(a);
}

/* ---- the choice ---- */

struct choices {
    const struct format *best, *second; /* NULL: nothing fits at all */
    int high, next;
};

static struct choices
rank(struct slice head)
{
    struct choices c = { NULL, NULL, 0, 0 };

    for (size_t i = 0; formats[i] != NULL; i++) {
        int score = formats[i]->sniff(head);

        if (score > c.high) {
            c.second = c.best;
            c.next = c.high;
            c.best = formats[i];
            c.high = score;
        } else if (score > c.next) {
            c.second = formats[i];
            c.next = score;
        }
    }
    return c;
}

/* The lines that begin within the first bytes of a head. */
static struct slice
sample_of(struct slice head, size_t bytes)
{
    const char *feed = NULL;

    if (head.n > bytes)
        feed = memchr(head.p + bytes - 1, '\n', head.n - bytes + 1);
    return feed == NULL ? head : (struct slice){ head.p, (size_t)(feed - head.p) + 1 };
}

/* How many formats read every line of a sample; the first of them. */
static size_t
readers_of(struct slice sample, const struct format **first)
{
    size_t n = 0;

    *first = NULL;
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (formats[i]->sniff(sample) < 100)
            continue;
        if (n++ == 0)
            *first = formats[i];
    }
    return n;
}

/*
 * Most logs are of one kind from their first line to the last. If one format reads every line of a
 * sample and no other does, and it reads all of the head as well, then no other can score as much:
 * a line of the sample that it did not read is one of the head too. So the other formats need not
 * be asked about all of it, which takes as long as counting 64 KiB does. Mostly a line or three are
 * enough, and of a small log more would take longer than its lines.
 */
static const struct format *
obvious(struct slice head)
{
    static const size_t sizes[] = { KIB, 4 * KIB };

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct slice sample = sample_of(head, sizes[i]);
        const struct format *only;

        if (readers_of(sample, &only) == 1)
            return sample.n == head.n || only->sniff(head) == 100 ? only : NULL;
        if (sample.n == head.n)
            break;
    }
    return NULL;
}

/*
 * A head that is full and has no end of a line says nothing. It may be a log whose first line a
 * stranger made long, or a hole that a crash or copytruncate left: not to be passed over in
 * silence.
 */
#define HEAD_FULL (64 * KIB)

static bool
is_seen(struct slice head)
{
    return head.n < HEAD_FULL || memchr(head.p, '\n', head.n) != NULL;
}

/* "cloudfront, combined or fdsnws" would need grammar; a list with commas does not. */
static void
hint_names(struct err *err)
{
    char names[sizeof err->hint] = "";
    size_t n = 0;

    for (size_t i = 0; formats[i] != NULL && n < sizeof names; i++) {
        int added = snprintf(
            names + n, sizeof names - n, "%s%s", i == 0 ? "" : ", ", formats[i]->name);

        n += added > 0 ? (size_t)added : 0;
    }
    err_hint(err,
             "name it with --format, or say what its lines hold with --log-format; there are %s",
             names);
}

enum st
format_sniff(struct slice head, const struct format **out, int *score, struct err *err)
{
    size_t mark = utf8_mark(head);
    bool seen = is_seen(head);
    struct choices c = { NULL, NULL, 100, 0 };

    head = (struct slice){ head.p + mark, head.n - mark };
    errno = 0;
    c.best = obvious(head);
    if (c.best == NULL)
        c = rank(head);
    if (errno == ENOMEM) /* a format that could not be asked is no reason to refuse, or to take another */
        return err_memory(err, "cannot tell the log format");
    if (c.best != NULL && c.high >= SNIFF_SURE && c.next < c.high) {
        *out = c.best;
        *score = c.high;
        return ST_OK;
    }
    err_set(err, ST_FORMAT, "cannot tell the log format");
    err->not_a_log = c.best == NULL && seen;
    if (c.best == NULL && !seen)
        err_cause(err, "its first line is longer than %zu bytes", HEAD_FULL);
    else if (c.best == NULL)
        err_cause(err, "no known format fits its beginning");
    else if (c.next == c.high)
        err_cause(err, "\"%s\" and \"%s\" both fit %d of 100 lines", c.best->name, c.second->name,
                  c.high);
    else if (c.second == NULL)
        err_cause(err, "the best fit is \"%s\", with %d of 100 lines", c.best->name, c.high);
    else
        err_cause(err, "the best fits are \"%s\", with %d of 100 lines, and \"%s\", with %d",
                  c.best->name, c.high, c.second->name, c.next);
    add_deciding_line(err, head, c.best, c.second);
    hint_names(err);
    return ST_FORMAT;
}
