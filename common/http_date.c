#include "common/clock.h"
#include "common/http.h"
#include <errno.h>
#include <string.h>

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const long_days[7] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

static char *put_digits(char *p, int value, int n)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + n;
}

void http_date_format(time_t t, char text[HTTP_DATE])
{
	const time_t last = 253402300799; /* the end of the year 9999 */
	struct tm tm = { 0 };
	char *p = text;

	if (t < 0)
		t = 0;
	if (t > last)
		t = last;
	(void)gmtime_r(&t, &tm); /* cannot fail in these bounds */
	memcpy(p, days[tm.tm_wday], 3);
	memcpy(p + 3, ", ", 2);
	p = put_digits(p + 5, tm.tm_mday, 2);
	*p++ = ' ';
	memcpy(p, months[tm.tm_mon], 3);
	p[3] = ' ';
	p = put_digits(p + 4, tm.tm_year + 1900, 4);
	*p++ = ' ';
	p = put_digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_sec, 2);
	memcpy(p, " GMT", 5);
}

/* Takes exactly n digits. */
static bool take_digits(const char **s, int n, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*s += n;
	*out = v;
	return true;
}

static bool take_text(const char **s, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*s, text, n) != 0)
		return false;
	*s += n;
	return true;
}

static bool take_month(const char **s, struct tm *tm)
{
	for (int i = 0; i < 12; i++)
		if (take_text(s, months[i])) {
			tm->tm_mon = i;
			return true;
		}
	return false;
}

static bool take_clock(const char **s, struct tm *tm)
{
	return take_digits(s, 2, &tm->tm_hour) && take_text(s, ":") &&
	       take_digits(s, 2, &tm->tm_min) && take_text(s, ":") &&
	       take_digits(s, 2, &tm->tm_sec);
}

/* "06 Nov 1994 08:49:37 GMT" */
static bool take_imf(const char *s, struct tm *tm)
{
	return take_digits(&s, 2, &tm->tm_mday) && take_text(&s, " ") && take_month(&s, tm) &&
	       take_text(&s, " ") && take_digits(&s, 4, &tm->tm_year) && take_text(&s, " ") &&
	       take_clock(&s, tm) && take_text(&s, " GMT") && *s == '\0';
}

/* "06-Nov-94 08:49:37 GMT"; a year more than 50 years ahead is of the past. */
static bool take_rfc850(const char *s, struct tm *tm)
{
	time_t now = (time_t)(clock_real_ns() / 1000000000);
	struct tm today = { 0 };

	if (!(take_digits(&s, 2, &tm->tm_mday) && take_text(&s, "-") && take_month(&s, tm) &&
		    take_text(&s, "-") && take_digits(&s, 2, &tm->tm_year) && take_text(&s, " ") &&
		    take_clock(&s, tm) && take_text(&s, " GMT") && *s == '\0'))
		return false;
	(void)gmtime_r(&now, &today); /* today's year fits */
	tm->tm_year += (today.tm_year + 1900) / 100 * 100;
	if (tm->tm_year > today.tm_year + 1900 + 50)
		tm->tm_year -= 100;
	return true;
}

/* "Nov  6 08:49:37 1994" */
static bool take_asctime(const char *s, struct tm *tm)
{
	return take_month(&s, tm) && take_text(&s, " ") &&
	       (take_text(&s, " ") ? take_digits(&s, 1, &tm->tm_mday)
				   : take_digits(&s, 2, &tm->tm_mday)) &&
	       take_text(&s, " ") && take_clock(&s, tm) && take_text(&s, " ") &&
	       take_digits(&s, 4, &tm->tm_year) && *s == '\0';
}

static bool take_date(const char *s, struct tm *tm)
{
	for (int i = 0; i < 7; i++) {
		const char *rest = s;

		if (take_text(&rest, long_days[i]) && take_text(&rest, ", "))
			return take_rfc850(rest, tm);
		rest = s;
		if (!take_text(&rest, days[i]))
			continue;
		if (take_text(&rest, ", "))
			return take_imf(rest, tm);
		return take_text(&rest, " ") && take_asctime(rest, tm);
	}
	return false;
}

static int month_days(int month, int year)
{
	static const int len[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return len[month] + (month == 1 && leap);
}

int http_date_parse(const char *text, time_t *out)
{
	struct tm tm = { 0 };

	if (!take_date(text, &tm))
		return -EINVAL;
	if (tm.tm_mday < 1 || tm.tm_mday > month_days(tm.tm_mon, tm.tm_year) || tm.tm_hour > 23 ||
		tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	if (tm.tm_sec == 60)
		tm.tm_sec = 59;
	tm.tm_year -= 1900;
	*out = timegm(&tm);
	return 0;
}
