/* Tables as they come out of Excel, WPS and editors: the same table in every encoding gives the same fields at the same
 * places; what Excel leaves behind is no mistake, what it spoils is refused with advice. */
#include "registry/csv.h"

#include "one_file.h"

#include <iconv.h>

static const struct csv_column columns[] = {
    {"code", true, "编码"}, {"name", true, "名称"}, {"note", false, "备注"}, {"lon", false, NULL}};
enum { CODE, NAME, NOTE, LON, COLUMNS };

static struct csv *load_bytes(const char *bytes, size_t len)
{
    one_file_write(bytes, len);
    return csv_load(path, columns, COLUMNS, &problems);
}

static struct csv *load(const char *text)
{
    return load_bytes(text, strlen(text));
}

static struct csv *load_good(const char *text)
{
    struct csv *csv = load(text);
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(csv);
    return csv;
}

static struct csv *load_as(const char *encoding, const char *text)
{
    char bytes[512], *in = (char *)(uintptr_t)text, *out = bytes;
    size_t left = strlen(text), room = sizeof bytes;
    iconv_t conversion = iconv_open(encoding, "UTF-8");
    ck_assert(conversion != (iconv_t)-1 && iconv(conversion, &in, &left, &out, &room) != (size_t)-1);
    iconv_close(conversion);
    return load_bytes(bytes, sizeof bytes - room);
}

static void expect_field(const struct csv *csv, size_t row, size_t column, const char *text, int line, int col)
{
    const struct csv_field *field = &csv_row(csv, row)[column];
    ck_assert_str_eq(field->text.at, text);
    ck_assert_uint_eq(field->text.len, strlen(text));
    ck_assert_int_eq(field->line, line);
    ck_assert_int_eq(field->col, col);
}

static void refuse(const char *text, int line, int col, const char *part)
{
    ck_assert_ptr_null(load(text));
    expect_problem(line, col, part);
}

/* 㐀 takes four bytes in GB18030, 𠮷 four in each of them */
#define TABLE(separator, end)                                                                                          \
    "名称" separator "编码" end "清河街道" separator "001" end end "㐀𠮷" separator separator end

static void expect_table(struct csv *csv)
{
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(csv);
    ck_assert_uint_eq(csv_rows(csv), 2);
    expect_field(csv, 0, NAME, "清河街道", 2, 1);
    expect_field(csv, 0, CODE, "001", 2, 6);
    expect_field(csv, 1, NAME, "㐀𠮷", 4, 1);
    expect_field(csv, 1, CODE, "", 4, 4);
    expect_field(csv, 1, NOTE, "", 4, 1);
    csv_close(&csv);
}

START_TEST(every_encoding_reads_the_same)
{
    expect_table(load(TABLE(",", "\n")));
    expect_table(load("\xEF\xBB\xBF" TABLE(",", "\r\n")));
    expect_table(load(TABLE("\t", "\r")));
    expect_table(load_as("GB18030", TABLE(",", "\r\n")));
    expect_table(load_as("GB18030", TABLE("\t", "\n")));
    expect_table(load_as("UTF-16LE", "\uFEFF" TABLE("\t", "\r\n")));
    expect_table(load_as("UTF-16BE", "\uFEFF" TABLE(",", "\n")));
}
END_TEST

START_TEST(what_is_no_text_is_named)
{
    static const char utf16[] = "\xFF\xFE"
                                "c\0o\0d";
    refuse("PK\x03\x04", 0, 0, "an Excel workbook");
    refuse("\xD0\xCF\x11\xE0", 0, 0, "an Excel workbook");
    ck_assert_ptr_null(load_bytes(utf16, sizeof utf16 - 1));
    ck_assert_str_eq(problems.all[0].text, "broken UTF-16: save the file as UTF-8 (in Excel: \"CSV UTF-8\")");
    ck_assert_ptr_null(load_bytes("code,name\n1,a\0b\n", 16));
    ck_assert_int_eq(problems.all[0].line, 2);
    ck_assert_int_eq(problems.all[0].col, 4);
    /* one byte lost: as GB18030 it would read as nonsense */
    refuse("code,name\n1,清河街道\n2,和\xE5\x85街\n", 3, 4, "neither UTF-8 nor GB18030");
    refuse("\xEF\xBB\xBF"
           "code,name\n1,\xC7\xE5\xBA\xD3\n",
           2, 3, "neither UTF-8 nor GB18030");
}
END_TEST

START_TEST(what_excel_leaves_is_no_mistake)
{
    struct csv *csv = load_good(",,,\r\n"
                                "code,name,note,lon,,,\r\n"
                                "1,甲,,,,,\r\n"
                                "2,乙\r\n" /* as Excel writes where 16 lines have nothing behind */
                                ",\"\",,,,,\r\n"
                                "3,丙,x,1,,,,,,\r\n"
                                ",,,,,,\r\n"
                                "\r\n");
    ck_assert_uint_eq(csv_rows(csv), 3);
    expect_field(csv, 1, NOTE, "", 4, 1);
    expect_field(csv, 2, LON, "1", 6, 7);
    csv_close(&csv);
    char wide[1100] = "code,name\n1,a"; /* a thousand empty columns */
    memset(wide + strlen(wide), ',', 1000);
    csv = load_good(wide);
    expect_field(csv, 0, NAME, "a", 2, 3);
    csv_close(&csv);
    strcat(wide, "x");
    refuse(wide, 2, 1004, "more than 64 columns");
    refuse("code,name\n1\n", 2, 1, "1 fields in this line, 2 in the header");
    refuse("code,name\n1,a,,x\n", 2, 1, "4 fields in this line, 2 in the header");
}
END_TEST

START_TEST(codes_are_guarded_from_excel)
{
    struct csv *csv = load_good("code,name\n'990101003,'甲'\n=\"990101003\",\"=\"\"990,1\"\"\"\n\"'0\",=\"\n1,=\"\"\n");
    expect_field(csv, 0, CODE, "990101003", 2, 1);
    expect_field(csv, 0, NAME, "'甲'", 2, 12);
    expect_field(csv, 1, CODE, "990101003", 3, 1);
    expect_field(csv, 1, NAME, "990,1", 3, 14);
    expect_field(csv, 2, CODE, "0", 4, 1);
    expect_field(csv, 2, NAME, "=\"", 4, 6);
    expect_field(csv, 3, NAME, "", 5, 3);
    csv_close(&csv);
}
END_TEST

START_TEST(codes_that_excel_spoiled_are_refused)
{
    refuse("name,remark,code\n甲,1E+9,9.90101E+14\n", 2, 8, "format the column as text");
    ck_assert_uint_eq(problems.count, 1); /* what nobody reads is the author's own */
    refuse("code,name\n1e+3,a\n", 2, 1, "format the column as text");
    static const char *const fine[] = {"1E", "1E+", "E+3", "1E3", "1E-5", "1E+3x", "1.E+3.5", "1+3", "."};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        char text[64];
        snprintf(text, sizeof text, "code,name\n%s,a\n", fine[i]);
        struct csv *csv = load_good(text);
        csv_close(&csv);
    }
}
END_TEST

START_TEST(full_width_commas_are_explained)
{
    refuse("编码，名称，备注\n1，甲，\n", 1, 1, "does not separate columns");
    ck_assert_uint_eq(problems.count, 1); /* not every column as missing, too */
    refuse("编码,lon，名称\n1,2,甲\n", 1, 4, "does not separate columns");
    refuse("编码,名称\n1，甲\n", 2, 1, "a full-width comma");
    struct csv *csv = load_good("编码,名称,说明（可空，不读）\n1,甲，乙,\n");
    expect_field(csv, 0, NAME, "甲，乙", 2, 3);
    csv_close(&csv);
}
END_TEST

START_TEST(blanks_of_any_width_are_dropped)
{
    struct csv *csv = load_good("code\u3000,\u00A0name \n\u3000 1\t,\u3000\"\u3000甲 \"\u00A0\n");
    expect_field(csv, 0, CODE, "1", 2, 3);
    expect_field(csv, 0, NAME, "\u3000甲 ", 2, 7);
    csv_close(&csv);
}
END_TEST

START_TEST(columns_have_two_names)
{
    struct csv *csv = load_good("name,编码,负责人\n甲,1,x\n");
    ck_assert(csv_has(csv, CODE) && csv_has(csv, NAME) && !csv_has(csv, NOTE));
    csv_close(&csv);
    refuse("code,名称,编码\n1,甲,2\n", 1, 9, "the column 编码 stands here twice");
    refuse("编码,note\n1,2\n", 1, 1, "the header has no column name (名称)");
    refuse("编吗,名称\n1,2\n", 1, 1, "did you mean 编码?");
    refuse("code,name,nota\n1,2,3\n", 1, 11, "did you mean note?");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_encoding_reads_the_same,
        what_is_no_text_is_named,
        what_excel_leaves_is_no_mistake,
        codes_are_guarded_from_excel,
        codes_that_excel_spoiled_are_refused,
        full_width_commas_are_explained,
        blanks_of_any_width_are_dropped,
        columns_have_two_names,
    };
    Suite *suite = suite_create("csv");
    TCase *one = tcase_create("csv");
    tcase_add_checked_fixture(one, one_file_begin, one_file_end);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(one, tests[i]);
    suite_add_tcase(suite, one);
    return core_run(suite);
}
