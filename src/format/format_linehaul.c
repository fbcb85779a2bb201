/*
 * PyPI's log, as Fastly writes it for linehaul: fields between bars, the user agent last, which may
 * hold bars itself. Only answers that delivered something are logged; newer lines say which.
 *
 *     download|Fri, 20 Jul 2018 02:19:19 GMT|US|/packages/...|TLSv1.2|cipher|name|1.0|sdist|pip/10
 *     download|... the same ...|sdist|GET|200|36308|(null)|pip/24.0 ...
 *     simple|Fri, 20 Jul 2018 02:19:19 GMT|US|/simple/name/|TLSv1.2|cipher||||pip/10.0.1 ...
 */
#include "cursor.h"
#include "format_priv.h"

enum field {
    FIELD_EVENT,
    FIELD_DATE,
    FIELD_COUNTRY,
    FIELD_URL,
    FIELD_TLS,
    FIELD_CIPHER,
    FIELD_PROJECT,
    FIELD_VERSION,
    FIELD_TYPE,
    FIELD_METHOD,
    FIELD_STATUS,
    FIELD_BYTES,
    FIELD_RANGE, /* of newer lines */
    FIELD_AGENT,
    FIELDS_N
};
#define FIELDS_OLD FIELD_METHOD

static const char *const names[FIELDS_N] = { "event",  "date",    "country", "url",  "tls",
                                             "cipher", "project", "version", "type", "method",
                                             "status", "bytes",   "range",   "agent" };

static struct slice
unless_null(struct slice s)
{
    return slice_is(s, "(null)") ? (struct slice){ NULL, 0 } : s;
}

/*
 * method|status|bytes|range| in front of the agent? An old line whose agent looks like that is read
 * as a new one. Without them it is a GET that was answered: what was not is not logged.
 */
static void
read_answer(struct cursor *c, struct slice f[FIELDS_N], struct record *rec)
{
    struct cursor at = *c;
    unsigned i = FIELD_METHOD;

    while (i <= FIELD_RANGE && take_until(&at, '|', &f[i]))
        i++;
    if (i > FIELD_RANGE && f[FIELD_METHOD].n > 0 && num_status(f[FIELD_STATUS], &rec->status) &&
        num_u63(f[FIELD_BYTES], &rec->bytes)) {
        *c = at;
        rec->method = f[FIELD_METHOD];
        if (slice_starts(f[FIELD_RANGE], SLICE("bytes=0-")) &&
            memchr(f[FIELD_RANGE].p, ',', f[FIELD_RANGE].n) == NULL)
            rec->range = RANGE_ZERO;
        return;
    }
    for (i = FIELD_METHOD; i <= FIELD_RANGE; i++)
        f[i] = (struct slice){ NULL, 0 };
    rec->method = SLICE("GET");
    rec->status = 200;
}

static bool
take_fields(struct cursor *c, struct slice f[FIELDS_N])
{
    for (unsigned i = 0; i < FIELDS_OLD; i++)
        if (!take_until(c, '|', &f[i]))
            return false;
    return slice_is(f[FIELD_EVENT], "download") || slice_is(f[FIELD_EVENT], "simple");
}

static enum reason
linehaul_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct slice f[FIELDS_N];

    if (!take_fields(&c, f))
        return REJECT_FIELDS;
    read_answer(&c, f, rec);
    f[FIELD_AGENT] = (struct slice){ c.at, (size_t)(c.end - c.at) };
    if (!clock_parse_imf(f[FIELD_DATE], &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    rec->path = f[FIELD_URL];
    rec->path_decodes = 1;
    rec->agent = unless_null(f[FIELD_AGENT]);
    if (f[FIELD_COUNTRY].n == 2)
        rec->country = f[FIELD_COUNTRY];
    if (wants_mark(p)) {
        struct named named[FIELDS_N];

        for (unsigned i = 0; i < FIELDS_N; i++)
            named[i] = (struct named){ names[i], unless_null(f[i]) };
        record_mark(p, named, FIELDS_N, rec);
    }
    return KEEP;
}

static int
linehaul_sniff(struct slice head)
{
    return format_share(&format_linehaul, head);
}

#define LINE(date)                                                                                 \
    "download|" date "|US|/packages/27/79/6a561064945e/a-1.0.tar.gz|TLSv1.2|ECDHE-RSA|a|1.0|sdist|"
#define WHEN "Fri, 20 Jul 2018 02:19:19 GMT"

static const struct format_example examples[] = {
    { LINE(WHEN) "pip/10.0.1 {\"ci\":null}", KEEP, 200, 0 },
    { LINE(WHEN) "GET|206|36308|bytes=0-|pip/24.0 a|b", KEEP, 206, 36308 },
    { "<134>2018-07-20T02:19:20Z cache-itm18828 linehaul[411616]: simple|" WHEN
      "||/simple/a/|(null)|(null)||||(null)",
      KEEP, 200, 0 },
    { "download|" WHEN "|US|/packages/a|TLSv1.2|ECDHE-RSA|a|1.0", REJECT_FIELDS, 0, 0 },
    { "upload|" WHEN "||/a|||||||", REJECT_FIELDS, 0, 0 },
    { LINE("Fri, 30 Feb 2018 02:19:19 GMT") "pip/10.0.1", REJECT_TIME, 0, 0 },
};

const struct format format_linehaul = {
    .name = "linehaul",
    .about = "PyPI's downloads, as Fastly writes them for linehaul (between bars)",
    .dataset = "stats",
    .line = linehaul_line,
    .sniff = linehaul_sniff,
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
