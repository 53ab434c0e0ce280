#!/bin/bash
# Prints the migrations given (NNN-name.sql, in order) as the C table that dist/schema.h declares.
set -euo pipefail

echo '#include "dist/schema.h"'
echo
echo 'const struct schema_step schema_steps[] = {'
for file in "$@"; do
	base=$(basename "$file" .sql)
	echo "	{ $((10#${base%%-*})), \"${base#*-}\","
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/		"/' -e 's/$/\\n"/' "$file"
	echo '	},'
done
echo '};'
echo "const size_t nschema_steps = $#;"
