/*
 * Records: what the store keeps as one line of text, fields separated by tabs,
 * read as strictly as it is written.  Trusted browsers are such; sessions, of
 * which there are many more, have a form of their own (session.c).
 */

#ifndef MFA_RECORD_H
#define MFA_RECORD_H

#include "core/str.h"

/* Appends a tab and a field: as it is (it cannot hold a tab), a number, or text
   of others' making, cut after max bytes, with '?' for what is not ASCII. */
void mfa_record_str(mfa_buf_t *out, mfa_str_t s);
void mfa_record_number(mfa_buf_t *out, int64_t n);
void mfa_record_cleaned(mfa_buf_t *out, mfa_str_t s, size_t max);
/* That text without a tab. */
void mfa_record_text(mfa_buf_t *out, mfa_str_t s, size_t max);

/* Splits a record into exactly n fields; 0 or -1. */
int mfa_record_split(mfa_str_t record, mfa_str_t *fields, size_t n);
/* Reads n fields as numbers from 0 to MFA_NUMBER_MAX; 0 or -1. */
int mfa_record_numbers(const mfa_str_t *fields, int64_t *numbers, size_t n);

#endif /* MFA_RECORD_H */
