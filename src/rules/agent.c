/*
 * User agents that count.
 */
#include "ingest/base.h"
#include "rules_priv.h"

/*
 * As crates.io's own counter has it: "cargo" and then a separator, which some edges log
 * percent-encoded. A log without the field counts; "-", an agent that the client did not send, does
 * not.
 */
static bool
is_cargo(struct slice agent)
{
    static const char *const separators[] = { "/", " ", "%2f", "%2F", "%20" };

    if (agent.p == NULL)
        return true;
    if (!slice_starts(agent, SLICE("cargo")))
        return false;
    agent.p += 5;
    agent.n -= 5;
    for (size_t i = 0; i < ARRAY_LEN(separators); i++)
        if (slice_starts(agent, slice_of(separators[i])))
            return true;
    return false;
}

bool
agent_counts(enum agent_rule rule, struct slice agent)
{
    switch (rule) {
    case AGENT_ANY:
        return true;
    case AGENT_CARGO:
        return is_cargo(agent);
    }
    return false;
}

const char *
agent_name(enum agent_rule rule)
{
    return rule == AGENT_CARGO ? "cargo" : "any";
}
