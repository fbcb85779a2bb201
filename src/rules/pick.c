/*
 * The questions that a pack asks of every record, cheapest first; and the same again in words.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static __attribute__((noinline)) bool
has_one_of(const struct rule_pack *pack, struct slice method)
{
    if (pack->n_methods == 0)
        return true;
    for (size_t i = 0; i < pack->n_methods; i++)
        if (method.n > 0 && slice_eq(method, slice_of(pack->methods[i])))
            return true;
    return false;
}

static inline bool
has_method(const struct rules *rules, struct slice method)
{
    if (rules->method.n > 0)
        return method.n == rules->method.n && same_bytes(method.p, rules->method.p, method.n);
    return has_one_of(rules->pack, method);
}

/* KEEP, FILTER_STATUS or FILTER_RANGE. */
static inline enum reason
pick_status(const struct rules *rules, const struct record *rec)
{
    if (rec->status == 206 && rules->pack->range.kind != RANGE_NEVER)
        return rules->pack->range.kind == RANGE_UNION || rec->range == RANGE_ZERO ? KEEP
                                                                                  : FILTER_RANGE;
    if (rec->status >= 64 * ARRAY_LEN(rules->statuses))
        return FILTER_STATUS;
    return rules->statuses[rec->status / 64] >> rec->status % 64 & 1 ? KEEP : FILTER_STATUS;
}

static bool
is_marked(const struct rule_pack *pack, struct slice marked)
{
    if (pack->drop_key == NULL || marked.p == NULL)
        return false;
    if (pack->drop_value != NULL)
        return slice_eq(marked, slice_of(pack->drop_value));
    return marked.n > 0 && !slice_is(marked, "-");
}

/* An absent field counts: a log without user agents says nothing against its lines. */
static bool
has_agent(const struct agent_rule *rule, struct slice agent)
{
    if (rule->n_prefixes == 0 || agent.p == NULL)
        return true;
    for (size_t i = 0; i < rule->n_prefixes; i++)
        if (slice_starts(agent, slice_of(rule->prefixes[i])))
            return true;
    return false;
}

/* A log without user agents has unknown ones only. */
static bool
has_class(const struct rules *rules, struct slice agent)
{
    return rules->agents == NULL ||
           (rules->pack->agent.classes & AGENT_CLASS_BIT(agents_class(rules->agents, agent))) != 0;
}

bool
pick_asks_more(const struct rules *rules)
{
    const struct rule_pack *pack = rules->pack;

    return pack->drop_key != NULL || pack->min_bytes > 0 || pack->agent.n_prefixes > 0 ||
           rules->agents != NULL;
}

/* Apart, so that packs which ask none of it pay one test for all of it. */
static __attribute__((noinline)) enum reason
pick_more(const struct rules *rules, const struct record *rec)
{
    const struct rule_pack *pack = rules->pack;

    if (is_marked(pack, rec->marked))
        return FILTER_DROP_IF;
    if (rec->bytes < pack->min_bytes)
        return FILTER_MIN_BYTES;
    if (!has_agent(&pack->agent, rec->agent) || !has_class(rules, rec->agent))
        return FILTER_AGENT;
    return KEEP;
}

enum reason
rules_pick(const struct rules *rules, const struct record *rec)
{
    enum reason why;

    if (!has_method(rules, rec->method))
        return FILTER_METHOD;
    if ((why = pick_status(rules, rec)) != KEEP)
        return why;
    if (unlikely(rules->asks_more) && (why = pick_more(rules, rec)) != KEEP)
        return why;
    return rules_has_day(rules, rec->day) ? KEEP : FILTER_DATE_RANGE;
}

unsigned
rules_ask(const struct rules *rules)
{
    const struct rule_pack *pack = rules->pack;
    unsigned asks = 0;

    if (pack->agent.n_prefixes > 0 || rules->agents != NULL)
        asks |= ASKS_AGENT;
    if (pack->client.n_trusted_proxies > 0)
        asks |= ASKS_FORWARDED;
    if (pack->range.kind != RANGE_NEVER)
        asks |= ASKS_RANGE;
    if (pack->range.kind == RANGE_UNION)
        asks |= ASKS_PART;
    return asks;
}
