# fill.awk - a manual page from its template and the program's own --help, so that they agree:
#
#     awk -v version=1.2.3 -v date=2026-11-23 -f fill.awk PROGRAM.help PAGE.in > PAGE
#
# A line of the template that is one of these is replaced:
#
#     @options@     name, value and text of every option
#     @variables@   the environment variables that stand for options
#     @commands@    cdnctl's
#     @statuses@    cdnctl's exit statuses
#     @words@       the words of mount(8) that count for the mount
#     @ignored@     those that do not
#
# and in .TH @date@ and @version@. A line of --help that is not understood, and a list that is
# asked for and empty, end it with status 1.

function die(sentence)
{
	print "fill.awk: " FILENAME ":" FNR ": " sentence > "/dev/stderr"
	failed = 1
	exit 1
}

# TEXT as roff reads it
function roff(text)
{
	gsub(/\\/, "\\(rs", text)
	gsub(/-/, "\\-", text)
	gsub(/"/, "\\(dq", text)
	gsub(/~/, "\\(ti", text)
	gsub(/\^/, "\\(ha", text)
	gsub(/`/, "\\(ga", text)
	return text ~ /^[.']/ ? "\\\\&" text : text
}

# "--name=VALUE" or "name=VALUE", and its text
function option(left, text,    equals, name)
{
	equals = index(left, "=")
	name = equals ? substr(left, 1, equals - 1) : left
	options = options ".TP\n.B " roff(name)
	if (equals)
		options = options "=\\fI" roff(substr(left, equals + 1)) "\\fR"
	options = options "\n" roff(text) "\n"
	if (match(text, /\$[A-Z_]+/))
		variable(substr(text, RSTART + 1, RLENGTH - 1), "as\n.B " roff(name))
}

function variable(name, text)
{
	variables = variables ".TP\n.B " name "\n" text "\n"
}

# what follows the first n fields
function rest(n,    text)
{
	text = $0
	while (n--)
		sub(/^ *[^ ]+ */, "", text)
	return text
}

# "  name   ARGUMENTS   text": the arguments are those in capitals
function command(    n)
{
	n = 1
	while (n < NF && $(n + 1) ~ /^[][A-Z|]+$/)
		n++
	commands = commands ".TP\n.B " $1
	for (i = 2; i <= n; i++)
		commands = commands " \\fI" $i "\\fR"
	commands = commands "\n" roff(rest(n)) "\n"
}

# the first file: --help
NR == FNR && /^Options:$/ { part = "options"; next }
NR == FNR && /^Exit status:$/ { part = "statuses"; next }
NR == FNR && left != "" { # the mount's options have their text in the next line
	if ($0 !~ /^        [^ ]/)
		die("an option without a text: " left)
	option(left, rest(0) == $0 ? substr($0, 9) : $0)
	left = ""
	next
}
NR == FNR && /^  [a-z_]+=[^ ]+$/ { left = $1; next }
NR == FNR && /^  --[a-z-]+/ { option($1, rest(1)); next }
NR == FNR && part == "options" && /^  [A-Z_]+ / { variable($1, roff(rest(1))); next }
NR == FNR && part == "statuses" && /^  [0-9]/ { statuses = statuses ".TP\n.B " $1 "\n" roff(rest(1)) "\n"; next }
NR == FNR && /^Of mount\(8\):$/ { part = "words"; next }
NR == FNR && /^For mount, fstab and systemd/ { part = "ignored"; next }
NR == FNR && part == "words" && /^  / { words = ".B " roff(substr($0, 3)) "\n"; next }
NR == FNR && part == "ignored" && /^  / { ignored = ".B " roff(substr($0, 3)) "\n"; next }
NR == FNR && part == "" && /^  [a-z]+ / { command(); next }
NR == FNR && /^ / { die("not understood: " $0) }
NR == FNR { next }

# the second: the template
/^@[a-z]+@$/ {
	if ($0 == "@options@")
		text = options
	else if ($0 == "@variables@")
		text = variables
	else if ($0 == "@commands@")
		text = commands
	else if ($0 == "@statuses@")
		text = statuses
	else if ($0 == "@words@")
		text = words
	else if ($0 == "@ignored@")
		text = ignored
	else
		die("no such list: " $0)
	if (text == "")
		die($0 " is empty")
	printf "%s", text
	next
}
{
	gsub(/@version@/, version)
	gsub(/@date@/, date)
	print
}
END { exit failed }
