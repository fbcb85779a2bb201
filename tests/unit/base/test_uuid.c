/*
 * UUIDs: version 4 in the places where RFC 9562 has it, and no two alike.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/num.h"
#include "ingest/uuid.h"

static void
all_of_version_4_and_unlike(void **state)
{
    enum { N = 64 };
    static const char form[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
    char made[N][UUID_TEXT];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        uuid_random(made[i]);
        assert_int_equal(strlen(made[i]), sizeof form - 1);
        for (size_t k = 0; k < sizeof form - 1; k++) {
            char c = made[i][k];

            if (form[k] == 'x')
                assert_true(num_hex_digit(c) >= 0 && !(c >= 'A' && c <= 'F'));
            else
                assert_true(form[k] == 'v' ? strchr("89ab", c) != NULL : c == form[k]);
        }
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(made[i], made[k]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_of_version_4_and_unlike) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
