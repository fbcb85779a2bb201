/*
 * The parts of a report's document. All of them append to `b`; without memory it has failed, which
 * is looked at once, at the end.
 */
#ifndef REPORT_JSON_PRIV_H
#define REPORT_JSON_PRIV_H

#include "report_priv.h"

/* A string, what would act on a terminal escaped; p NULL: null. */
void json_put_text(struct buf *b, struct slice s);

/* "NAME": with a comma in front, unless an object or array has just begun. A value must follow. */
void json_put_name(struct buf *b, const char *name);

/* A name and its value. Of a day, DAY_NONE is null. */
void json_put_member(struct buf *b, const char *name, const char *text);
void json_put_number(struct buf *b, const char *name, int64_t v);
void json_put_day(struct buf *b, const char *name, int32_t day);
void json_put_period(struct buf *b, const char *name, struct period p);

/* A table: an object. */
void json_put_table(struct buf *b, const struct table *t);

#endif
