/* The language in which the program speaks to the person who started it.  Logs, metrics and whatever programs read
 * stay in English. */
#ifndef GW_BASE_LANGUAGE_H
#define GW_BASE_LANGUAGE_H

enum language { LANGUAGE_ENGLISH, LANGUAGE_CHINESE };

/* Chinese if the first of LC_ALL, LC_MESSAGES and LANG that is set begins with "zh".  Decided by that text alone: the
 * locale need not be installed, and as the program never calls setlocale, numbers keep their points. */
enum language language_of_environment(void);

/* What a table of the engine's own has for an English text: a format with the same conversions, or words that are put
 * into one.  NULL if it has nothing.  A new text's Chinese goes into chinese.c; tests/test_22_chinese.py tells which
 * are missing. */
const char *language_chinese(const char *english) __attribute__((format_arg(1)));

#endif
