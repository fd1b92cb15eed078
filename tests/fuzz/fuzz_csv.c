/* Any bytes as a table.  What gets through is a table of terminated UTF-8 fields that stand one behind another, and
 * written again as plain CSV it reads the same. */
#include "memory_file.h"
#include "registry/csv.h"

#include "base/buffer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3 };
static const struct csv_column columns[COLUMNS] = {
    {"code", true, "编码"}, {"name", false, "名称"}, {"note", false, NULL}};

static struct memory_file first, second; /* libFuzzer offers no other place */

static void check_field(const struct csv_field *field)
{
    CHECK(strlen(field->text.at) == field->text.len);
    CHECK(field->line >= 1 && field->col >= 1);
    for (size_t i = 0; i < field->text.len; i++)
        CHECK((unsigned char)field->text.at[i] != 0xFF);
}

/* guarded, so that an apostrophe or a guard in the text itself stays */
static void put_field(struct buffer *out, struct str text)
{
    static const char guard[] = "\"=\"\"", end[] = "\"\"\"";
    buffer_put(out, guard, sizeof guard - 1);
    for (size_t i = 0; i < text.len; i++)
        buffer_put(out, text.at[i] == '"' ? "\"\"" : &text.at[i], text.at[i] == '"' ? 2 : 1);
    buffer_put(out, end, sizeof end - 1);
}

static void check_again(const struct csv *csv)
{
    struct buffer out = {0};
    struct problems problems = {0};
    buffer_printf(&out, "code,name,note,row\n");
    for (size_t row = 0; row < csv_rows(csv); row++)
        for (size_t i = 0; i < COLUMNS; i++) {
            put_field(&out, csv_row(csv, row)[i].text);
            buffer_put(&out, ",1\n", i + 1 < COLUMNS ? 1 : 3); /* a row may have nothing in these columns */
        }
    const char *path = memory_file_set(&second, (const uint8_t *)out.at, out.len);
    struct csv *again = csv_load(path, columns, COLUMNS, &problems);
    problems_print(&problems, stderr);
    CHECK(again && csv_rows(again) == csv_rows(csv));
    for (size_t row = 0; row < csv_rows(csv); row++)
        for (size_t i = 0; i < COLUMNS; i++)
            CHECK(str_eq(csv_row(again, row)[i].text, csv_row(csv, row)[i].text));
    csv_close(&again);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = {0};
    struct csv *csv = csv_load(memory_file_set(&first, data, size), columns, COLUMNS, &problems);
    CHECK((csv == NULL) == (problems.count > 0));
    for (size_t row = 0; csv && row < csv_rows(csv); row++)
        for (size_t i = 0; i < COLUMNS; i++)
            check_field(&csv_row(csv, row)[i]);
    if (csv)
        check_again(csv);
    csv_close(&csv);
    problems_clear(&problems);
    return 0;
}
