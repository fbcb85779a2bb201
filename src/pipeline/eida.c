/*
 * EIDA's own table of payloads (sent.h), for tables beside which it stands: what it knows is not
 * counted, and what is counted goes into it, in the transaction that counts it.
 */
#include "ingest/base.h"

#include "adopt.h"
#include "eida.h"
#include "pipeline_priv.h"
#include "seen.h"

static bool
has_sent_table(const struct pending *p)
{
    return p->table != NULL && p->table->sent.there;
}

enum st
eida_ask(struct worker *w, struct sent out[PENDING_MAX], struct err *err)
{
    int64_t hashes[PENDING_MAX];
    size_t at[PENDING_MAX];
    struct sent found[PENDING_MAX];
    enum st rc = ST_OK;

    for (size_t i = 0; i < w->n_pending; i++)
        out[i] = (struct sent){ .word = SENT_NEW };
    for (size_t k = 0; k < w->run->n_tables && rc == ST_OK; k++) {
        const struct table *t = &w->run->tables[k];
        size_t n = 0;

        for (size_t i = 0; i < w->n_pending; i++)
            if (has_sent_table(&w->pending[i]) && w->pending[i].table == t) {
                hashes[n] = sent_hash(w->pending[i].payload);
                at[n++] = i;
            }
        if (n > 0)
            rc = sent_ask(w->run->pg, &t->sent, t->node_id, hashes, n, found, err);
        for (size_t i = 0; i < n && rc == ST_OK; i++)
            out[at[i]] = found[i];
    }
    return rc;
}

/*
 * Two documents that Python prints alike are one payload to EIDA, whatever their bytes: a key of our
 * own sort for the set of what was seen.
 */
static bool
seen_key(const struct pending *p, struct ledger_key *key)
{
    if (p->table == NULL || !p->table->dataset->has_node || !p->payload->document.has_hash)
        return false;
    *key = (struct ledger_key){ .dataset = "payloads of EIDA", .scope = p->table->node_id };
    memcpy(key->hash.b, &p->payload->document.hash, sizeof p->payload->document.hash);
    return true;
}

static enum st
refuse(struct pending *p, const struct sent *sent, struct err *err)
{
    err_fail(err, ST_CORRUPT, "cannot count this payload",
             "EIDA's table of payloads has it as one of %s%.60s%s, and takes each only once",
             sent->node[0] == '\0' ? "another node" : "node \"", sent->node,
             sent->node[0] == '\0' ? "" : "\"");
    err_hint(err, "is --node, or the token, that of the node which made it?");
    return accept_refuse(p, err);
}

enum st
eida_decide(struct run *run, struct pending *p, const struct sent *sent, bool *decided,
            struct err *err)
{
    struct ledger_key key;

    *decided = true;
    if (sent->word == SENT_BY_OTHER)
        return refuse(p, sent, err);
    if ((sent->word == SENT_BEFORE && !run->config->replace) ||
        (seen_key(p, &key) && (seen_has(&run->seen, &key) || seen_has(&run->batch.seen, &key)))) {
        p->item->fate = FATE_KNOWN; /* to EIDA: the ledger has no row of it, and no sighting */
        return ST_OK;
    }
    *decided = false;
    return ST_OK;
}

enum st
eida_note(struct run *run, const struct pending *p, struct err *err)
{
    struct ledger_key key;

    return seen_key(p, &key) ? seen_add(&run->batch.seen, &key, err) : ST_OK;
}

/* Of standard input what another run has just written cannot be looked at again. */
static enum st
lost(const struct run *run, struct err *err)
{
    if (!run->batch.items[0]->source->is_stdin)
        return ST_EOF;
    err_fail(err, ST_DB, "cannot count this payload",
             "another run has just written its hash into EIDA's table of payloads");
    err_hint(err, "nothing was counted; feed it again");
    return ST_DB;
}

enum st
eida_write(struct run *run, struct err *err)
{
    const struct batch *b = &run->batch;
    struct payload **payloads = calloc(b->n_claims + 1, sizeof *payloads);
    bool is_lost = false;
    enum st rc = ST_OK;

    if (payloads == NULL)
        return err_memory(err, "cannot write down payloads");
    for (size_t k = 0; k < run->n_tables && rc == ST_OK; k++) {
        const struct table *t = &run->tables[k];
        size_t n = 0;

        for (size_t i = 0; i < b->n_claims && t->ready && t->sent.there; i++)
            if (strcmp(b->claims[i]->key.dataset, t->dataset->name) == 0 &&
                !adopt_is_all(b->claims[i])) /* that EIDA has been told by others */
                payloads[n++] = b->claims[i];
        if (n > 0)
            rc = sent_write(run->pg, &t->sent, t->node_id, payloads, n, run->config->replace,
                            &is_lost, err);
        if (rc == ST_OK && is_lost)
            rc = lost(run, err);
    }
    free(payloads);
    return rc;
}
