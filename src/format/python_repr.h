/*
 * What Python prints of a JSON text: repr(json.loads(text)). EIDA's web service makes the hash of a payload from such a
 * text, so it must be the same to the byte: quotes and escapes of strings, numbers, True, None, and of a key that comes
 * twice the last value at the first one's place (Objects/unicodeobject.c, Modules/_json.c of CPython).
 */
#ifndef INGEST_FORMAT_PYTHON_REPR_H
#define INGEST_FORMAT_PYTHON_REPR_H

#include "json.h"

/* Takes the text, piece by piece. */
typedef void python_put(void *ctx, const char *p, size_t n);

/*
 * `text`: one value, already checked by json_value, with BLOCK_SLACK bytes behind it. Memory of `scratch` is used for its keys and
 * strings with escapes; about four times the text at most. False: there is no such text, because it is no UTF-8; or it is nested
 * over 8 deep, or there is no memory for it. What was put by then is of no use.
 */
bool python_repr(struct slice text, struct arena *scratch, python_put *put, void *ctx);

#endif
