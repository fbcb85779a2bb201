/*
 * The closing summary. Adds nothing up itself: pipeline/ hands it the counts.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/num.h"
#include "ingest/summary.h"

void
summary_release(struct summary *s)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        free(s->tables[i].days);
        free(s->tables[i].adopted);
    }
    *s = (struct summary){ 0 };
}

struct table_summary *
summary_table(struct summary *s, const char *table)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (strcmp(s->tables[i].table, table) == 0)
            return &s->tables[i];
    if (s->n_tables == SUMMARY_TABLES_MAX)
        return NULL;
    s->tables[s->n_tables] = (struct table_summary){ .table = table };
    return &s->tables[s->n_tables++];
}

/* Kept sorted; days mostly come in order, so little is moved. */
static bool
add_sorted(int32_t **days, size_t *n, size_t *cap, int32_t day)
{
    size_t at = 0, end = *n;

    while (at < end) {
        size_t middle = at + (end - at) / 2;

        if ((*days)[middle] < day)
            at = middle + 1;
        else
            end = middle;
    }
    if (at < *n && (*days)[at] == day)
        return true;
    if (*n == *cap) {
        size_t more = *cap == 0 ? 32 : *cap * 2;
        int32_t *grown = realloc(*days, more * sizeof *grown);

        if (grown == NULL)
            return false;
        *days = grown;
        *cap = more;
    }
    memmove(*days + at + 1, *days + at, (*n - at) * sizeof **days);
    (*days)[at] = day;
    (*n)++;
    return true;
}

bool
summary_add_day(struct table_summary *t, int32_t day)
{
    return add_sorted(&t->days, &t->n_days, &t->days_cap, day);
}

bool
summary_add_adopted(struct table_summary *t, int32_t day)
{
    return add_sorted(&t->adopted, &t->n_adopted, &t->adopted_cap, day);
}

static bool
join_tables(struct summary *to, const struct summary *from)
{
    bool ok = true;

    for (size_t i = 0; i < from->n_tables; i++) {
        const struct table_summary *t = &from->tables[i];
        struct table_summary *sum = summary_table(to, t->table);

        if (sum == NULL)
            continue;
        sum->inserted += t->inserted;
        sum->updated += t->updated;
        sum->doubled += t->doubled;
        sum->parked += t->parked;
        sum->healed += t->healed;
        for (size_t d = 0; d < t->n_days; d++)
            ok = summary_add_day(sum, t->days[d]) && ok;
        for (size_t d = 0; d < t->n_adopted; d++)
            ok = summary_add_adopted(sum, t->adopted[d]) && ok;
    }
    return ok;
}

bool
summary_join(struct summary *to, const struct summary *from)
{
    to->files.read += from->files.read;
    to->files.known += from->files.known;
    to->files.known_otherwise += from->files.known_otherwise;
    to->files.retracted += from->files.retracted;
    to->files.grown += from->files.grown;
    to->files.partial += from->files.partial;
    to->files.refused += from->files.refused;
    to->files.skipped += from->files.skipped;
    to->files.left += from->files.left;
    to->files.adopted += from->files.adopted;
    to->adopts = to->adopts || from->adopts;
    to->bytes.stored += from->bytes.stored;
    to->bytes.decoded += from->bytes.decoded;
    to->bytes.unterminated += from->bytes.unterminated;
    tally_join(&to->lines, &from->lines);
    tally_join(&to->records, &from->records);
    to->seconds.wall += from->seconds.wall;
    to->seconds.cpu = from->seconds.cpu;
    to->seconds.decode += from->seconds.decode;
    to->seconds.parse += from->seconds.parse;
    to->seconds.rollup += from->seconds.rollup;
    to->seconds.load += from->seconds.load;
    to->peak_rss_bytes = from->peak_rss_bytes;
    to->dry_run = from->dry_run;
    return join_tables(to, from);
}

static void
json_reasons(struct buf *out, const struct tally *t, int first, int end)
{
    const char *comma = "";

    buf_text(out, "{");
    for (int why = first; why < end; why++)
        if (t->by[why] > 0) {
            buf_printf(out, "%s\"%s\":%" PRIu64, comma, reason_name((enum reason)why), t->by[why]);
            comma = ",";
        }
    buf_text(out, "}");
}

static void
json_tally(struct buf *out, const char *name, const struct tally *t)
{
    buf_printf(out, "\"%s\":{\"read\":%" PRIu64 ",\"counted\":%" PRIu64 ",\"filtered\":", name,
               t->read, t->by[KEEP]);
    json_reasons(out, t, FILTERED_FIRST, REJECTED_FIRST);
    buf_text(out, ",\"rejected\":");
    json_reasons(out, t, REJECTED_FIRST, REASONS_N);
    buf_text(out, "}");
}

/* Tables of which nothing ever waits are left out. */
static void
json_unresolved(const struct summary *s, struct buf *out)
{
    const char *comma = "";

    buf_text(out, "},\"unresolved\":{");
    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];

        if (t->parked == 0 && t->healed == 0)
            continue;
        buf_printf(out, "%s\"%s\":{\"parked\":%" PRId64 ",\"healed\":%" PRId64 "}", comma,
                   t->table, t->parked, t->healed);
        comma = ",";
    }
    buf_text(out, "}");
}

static void
json_days(struct buf *out, size_t at, const char *table, const int32_t *days, size_t n)
{
    char day[11];

    buf_printf(out, "%s\"%s\":[", at > 0 ? "," : "", table);
    for (size_t k = 0; k < n; k++) {
        clock_format_day(days[k], day);
        buf_printf(out, "%s\"%s\"", k > 0 ? "," : "", day);
    }
    buf_text(out, "]");
}

void
summary_json(const struct summary *s, struct buf *out)
{
    buf_text(out, "{");
    if (s->source != NULL)
        buf_printf(out, "\"source\":\"%s\",", s->source);
    buf_printf(out,
               "\"files\":{\"read\":%" PRIu64 ",\"known\":%" PRIu64 ",\"known_otherwise\":%" PRIu64
               ",\"grown\":%" PRIu64 ",\"partial\":%" PRIu64 ",\"refused\":%" PRIu64
               ",\"skipped\":%" PRIu64,
               s->files.read, s->files.known, s->files.known_otherwise, s->files.grown,
               s->files.partial, s->files.refused, s->files.skipped);
    if (s->files.retracted > 0)
        buf_printf(out, ",\"retracted\":%" PRIu64, s->files.retracted);
    if (s->files.left > 0)
        buf_printf(out, ",\"left\":%" PRIu64, s->files.left);
    if (s->adopts)
        buf_printf(out, ",\"adopted\":%" PRIu64, s->files.adopted);
    buf_text(out, "},");
    buf_printf(out,
               "\"bytes\":{\"stored\":%" PRIu64 ",\"decoded\":%" PRIu64 ",\"unterminated\":%" PRIu64
               "},",
               s->bytes.stored, s->bytes.decoded, s->bytes.unterminated);
    json_tally(out, "lines", &s->lines);
    buf_text(out, ",");
    json_tally(out, "records", &s->records);
    buf_text(out, ",\"rows\":{");
    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];

        buf_printf(out, "%s\"%s\":{\"inserted\":%" PRId64 ",\"updated\":%" PRId64,
                   i > 0 ? "," : "", t->table, t->inserted, t->updated);
        if (t->doubled > 0)
            buf_printf(out, ",\"doubled\":%" PRId64, t->doubled);
        buf_text(out, "}");
    }
    buf_text(out, "},\"days\":{");
    for (size_t i = 0; i < s->n_tables; i++)
        json_days(out, i, s->tables[i].table, s->tables[i].days, s->tables[i].n_days);
    if (s->adopts)
        buf_text(out, "},\"adopted\":{");
    for (size_t i = 0; s->adopts && i < s->n_tables; i++)
        json_days(out, i, s->tables[i].table, s->tables[i].adopted, s->tables[i].n_adopted);
    json_unresolved(s, out);
    buf_printf(
        out,
        ",\"seconds\":{\"wall\":%.3f,\"cpu\":%.3f,\"decode\":%.3f,\"parse\":%.3f,\"rollup\":%.3f,\"load\":%.3f},"
        "\"peak_rss_bytes\":%" PRId64 "}\n",
        s->seconds.wall, s->seconds.cpu, s->seconds.decode, s->seconds.parse, s->seconds.rollup,
        s->seconds.load, s->peak_rss_bytes);
}

static bool
has_reason(const struct summary *s, int why)
{
    return s->lines.by[why] > 0 || s->records.by[why] > 0;
}

/* How many reasons of a kind hold for more lines, or stand before it with as many. */
static size_t
rank_of(const struct summary *s, int reason, int first, int end)
{
    size_t rank = 0;

    for (int why = first; why < end; why++)
        rank += has_reason(s, why) && (s->lines.by[why] > s->lines.by[reason] ||
                                       (why < reason && s->lines.by[why] == s->lines.by[reason]));
    return rank;
}

/* A screen has 24 lines of so many columns. */
#define COLUMNS_MAX   80
#define REASONS_SHOWN 5

static void
text_other_reasons(struct buf *out, const struct summary *s, size_t most, int first, int end)
{
    uint64_t lines = 0;
    size_t n = 0;
    char number[32];

    for (int why = first; why < end; why++)
        if (has_reason(s, why) && rank_of(s, why, first, end) >= most) {
            lines += s->lines.by[why];
            n++;
        }
    if (n > 0)
        buf_printf(out, "  %14s  for %zu other reason%s, which -v tells\n",
                   num_grouped(lines, number), n, n == 1 ? "" : "s");
}

/* A reason's lines; and its records, where a line may hold several and they are not as many. */
static void
text_reasons(struct buf *out, const struct summary *s, enum summary_form form, const char *title,
             int first, int end)
{
    size_t most = form == SUMMARY_WHOLE ? REASONS_N : REASONS_SHOWN;
    char number[32];
    bool any = false;

    for (int why = first; why < end; why++) {
        uint64_t lines = s->lines.by[why], records = s->records.by[why];

        if (!has_reason(s, why) || rank_of(s, why, first, end) >= most)
            continue;
        if (!any)
            buf_printf(out, "  %s\n", title);
        any = true;
        buf_printf(out, "  %14s  %-16s %s", num_grouped(lines, number),
                   reason_name((enum reason)why), reason_about((enum reason)why));
        if (records != lines)
            buf_printf(out, " (%s record%s)", num_grouped(records, number),
                       records == 1 ? "" : "s");
        buf_text(out, "\n");
    }
    text_other_reasons(out, s, most, first, end);
}

static void
text_tally(struct buf *out, const char *unit, const struct tally *t)
{
    uint64_t rejected = tally_rejected(t);
    char a[32], b[32], c[32], d[32], sum[128];

    snprintf(sum, sizeof sum, "= %s counted + %s filtered + %s rejected",
             num_grouped(t->by[KEEP], a), num_grouped(t->read - t->by[KEEP] - rejected, b),
             num_grouped(rejected, c));
    num_grouped(t->read, d);
    buf_printf(out, "%-8s %s read%s%s\n", unit, d,
               strlen(d) + strlen(sum) + 15 <= COLUMNS_MAX ? " " : "\n         ", sum);
}

static void
text_files(const struct summary *s, struct buf *out)
{
    const struct {
        uint64_t    n;
        const char *word;
    } parts[] = {
        { s->files.adopted, "adopted" },
        { s->files.known, "known" },
        { s->files.known_otherwise, "known under other rules" },
        { s->files.grown, "grown" },
        { s->files.partial, "partial" },
        { s->files.skipped, "skipped" },
        { s->files.refused, "refused" },
        { s->files.left, "left for the next run" },
    };
    char number[32];

    buf_printf(out, "files    %s read", num_grouped(s->files.read, number));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].n > 0)
            buf_printf(out, ", %s %s", num_grouped(parts[i].n, number), parts[i].word);
    buf_text(out, "\n");
}

static void
text_tables(const struct summary *s, struct buf *out)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];
        size_t start = out->n;
        char a[32], b[32], first[11], last[11], days[64];

        if (s->dry_run)
            buf_printf(out, "rows     %s: %s", t->table, num_grouped((uint64_t)t->inserted, a));
        else
            buf_printf(out, "rows     %s: %s inserted, %s updated", t->table,
                       num_grouped((uint64_t)t->inserted, a), num_grouped((uint64_t)t->updated, b));
        if (t->n_days > 0) {
            clock_format_day(t->days[0], first);
            clock_format_day(t->days[t->n_days - 1], last);
            snprintf(days, sizeof days, "(%zu %s, %s to %s)", t->n_days,
                     t->n_days == 1 ? "day" : "days", first, last);
            buf_printf(out, "%s%s", out->n - start + strlen(days) < COLUMNS_MAX ? " " : "\n         ",
                       days);
        }
        buf_text(out, "\n");
    }
}

/* Nothing of these days was added to the table: it has them from others. */
static void
text_adopted(const struct summary *s, struct buf *out)
{
    char first[11], last[11], number[32];

    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];

        if (t->n_adopted == 0)
            continue;
        clock_format_day(t->adopted[0], first);
        clock_format_day(t->adopted[t->n_adopted - 1], last);
        buf_printf(out, "adopted  %s: %s %s, %s to %s\n", t->table,
                   num_grouped(t->n_adopted, number), t->n_adopted == 1 ? "day" : "days", first,
                   last);
    }
}

/* What waits, and what did. True: a run that read nothing has changed something. */
static bool
text_unresolved(const struct summary *s, struct buf *out)
{
    bool healed = false;
    char number[32];

    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];

        if (t->healed > 0)
            buf_printf(out, "healed   %s: %s that waited for their key are counted now\n", t->table,
                       num_grouped((uint64_t)t->healed, number));
        if (t->parked > 0)
            buf_printf(out, "parked   %s: %s wait for their key; `ingest status` shows them\n",
                       t->table, num_grouped((uint64_t)t->parked, number));
        healed = healed || t->healed > 0;
    }
    return healed;
}

/* What stands twice in a table may be united; until then a reader adds it up twice. */
static void
text_doubled(const struct summary *s, struct buf *out)
{
    char number[32];

    for (size_t i = 0; i < s->n_tables; i++)
        if (s->tables[i].doubled > 0)
            buf_printf(out,
                       "note     %s: %s of the keys have doubled rows; the lowest of each was "
                       "updated;\n"
                       "         `ingest migrate up zeco --heal` unites them\n",
                       s->tables[i].table, num_grouped((uint64_t)s->tables[i].doubled, number));
}

/* Who is asked for the next step has one, where something is wrong. */
static void
text_next(const struct summary *s, struct buf *out)
{
    if (s->files.refused > 0 && s->dry_run)
        buf_text(out, "next     mend or replace the refused files, else only the others count\n");
    else if (s->files.refused > 0)
        buf_text(out, "next     mend or replace the refused files and run again: all else is counted;\n"
                      "         `ingest accept FILE` closes one that is to stay as it is\n");
    else if (tally_rejected(&s->lines) > 0)
        buf_text(out, "next     `ingest explain FILE` shows what is wrong with rejected lines,\n"
                      "         --rejects FILE keeps all of them\n");
    else if (s->lines.read > 0 && s->lines.by[KEEP] == 0 && s->files.grown == 0 &&
             s->files.adopted == 0)
        buf_text(out, "next     nothing was counted: `ingest explain FILE` shows why, line by line\n");
}

static void
text_time(const struct summary *s, struct buf *out)
{
    double wall = s->seconds.wall > 0 ? s->seconds.wall : 1e-6;
    char a[32];

    buf_printf(out, "time     %.2f s", s->seconds.wall);
    if (s->seconds.load >= 1)
        buf_printf(out, " (%.2f s of it writing)", s->seconds.load);
    buf_printf(out, ", %.0f MB/s, %s lines/s\n", (double)s->bytes.decoded / 1e6 / wall,
               num_grouped((uint64_t)((double)s->lines.read / wall), a));
}

void
summary_text(const struct summary *s, enum summary_form form, struct buf *out)
{
    bool healed;
    char a[32];

    if (s->source != NULL)
        buf_printf(out, "source   %s\n", s->source);
    text_files(s, out);
    healed = text_unresolved(s, out);
    if (s->files.read > 0 || s->lines.read > 0) {
        text_tally(out, "lines", &s->lines);
        if (memcmp(&s->records, &s->lines, sizeof s->lines) != 0) /* some lines hold several */
            text_tally(out, "records", &s->records);
        text_reasons(out, s, form, "filtered", FILTERED_FIRST, REJECTED_FIRST);
        text_reasons(out, s, form, "rejected", REJECTED_FIRST, REASONS_N);
        text_tables(s, out);
        text_adopted(s, out);
        text_time(s, out);
    } else if (s->files.known > 0 && s->files.refused == 0 && !healed) {
        buf_text(out, s->files.skipped == 0 ? "everything is known; nothing was changed\n"
                                            : "all else is known; nothing was changed\n");
    } else if (s->files.skipped > 0 && s->files.refused == 0) {
        buf_text(out, "next     nothing was counted: -v names what was skipped, and\n"
                      "         `ingest explain FILE` shows what is seen in it\n");
    }
    text_doubled(s, out);
    if (s->bytes.unterminated > 0)
        buf_printf(out, "note     %s bytes behind the last line feed are left for the next run\n",
                   num_grouped(s->bytes.unterminated, a));
    if (s->files.retracted > 0)
        buf_printf(out,
                   "note     %s known file%s retracted and stay%s out: `ingest retract --undo FILE`\n"
                   "         counts it again\n",
                   num_grouped(s->files.retracted, a), s->files.retracted == 1 ? " was" : "s were",
                   s->files.retracted == 1 ? "s" : "");
    if (s->files.known_otherwise > 0)
        buf_text(out, "note     files that were counted under other rules are not counted again\n");
    text_next(s, out);
}
