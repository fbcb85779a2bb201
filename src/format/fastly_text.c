/*
 * Two shapes of text, told apart by what follows the client: a quote or a bracket, or the name of a
 * day.
 */
#include "fastly_text.h"

#include "format_priv.h"
#include "request.h"

#define IMF_BYTES 29 /* Mon, 30 Nov 2015 21:00:05 GMT */

/* The method is not logged. What stands behind the status is the user agent, blanks and all. */
static enum reason
rubygems_line(struct parser *p, struct cursor *c, struct record *rec)
{
    struct slice when = { c->at, IMF_BYTES }, status;

    if (c->end - c->at <= IMF_BYTES)
        return REJECT_FIELDS;
    c->at += IMF_BYTES;
    if (!take_byte(c, ' ') || !take_until(c, ' ', &rec->path))
        return REJECT_FIELDS;
    status = take_word(c, ' ');
    if (take_byte(c, ' '))
        rec->agent = (struct slice){ c->at, (size_t)(c->end - c->at) };
    if (!clock_parse_imf(when, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(status, &rec->status))
        return REJECT_NUMBER;
    if (wants_mark(p))
        record_mark(p,
                    (struct named[]){ { "ip", rec->client },
                                      { "path", rec->path },
                                      { "status", status },
                                      { "agent", rec->agent } },
                    4, rec);
    return KEEP;
}

/* "date" or [date] */
static bool
take_date(struct cursor *c, struct slice *when, bool *is_clf)
{
    bool escaped;

    *is_clf = take_byte(c, '[');
    return *is_clf ? take_until(c, ']', when) : take_quoted(c, when, &escaped);
}

/* Only what begins with a quote is a user agent: some hosts log other things there. */
static bool
take_agent(struct cursor *c, struct slice *agent)
{
    bool escaped;

    if (!take_byte(c, ' ') || cursor_done(c) || *c->at != '"')
        return true;
    return take_quoted(c, agent, &escaped) && (cursor_done(c) || *c->at == ' ');
}

static enum reason
hex_line(struct parser *p, struct cursor *c, struct record *rec)
{
    struct slice when, request, status;
    bool is_clf, escaped;

    if (!take_date(c, &when, &is_clf) || !take_byte(c, ' ') ||
        !take_quoted(c, &request, &escaped) || !take_byte(c, ' '))
        return REJECT_FIELDS;
    status = take_word(c, ' ');
    if (!take_agent(c, &rec->agent))
        return REJECT_FIELDS;
    if (!(is_clf ? clock_parse_clf(when, &rec->time_us) : clock_parse_imf(when, &rec->time_us)))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(status, &rec->status))
        return REJECT_NUMBER;
    request_split(request, rec);
    if (escaped && !request_unescape(&p->scratch, &rec->path))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    if (wants_mark(p))
        record_mark(p,
                    (struct named[]){ { "ip", rec->client },
                                      { "request", request },
                                      { "status", status },
                                      { "agent", rec->agent } },
                    4, rec);
    return KEEP;
}

enum reason
fastly_text_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);

    if (!take_until(&c, ' ', &rec->client) || cursor_done(&c))
        return REJECT_FIELDS;
    rec->path_decodes = 1;
    if (*c.at == '"' || *c.at == '[')
        return hex_line(p, &c, rec);
    return rubygems_line(p, &c, rec);
}
