# cdn.bash - completion of cdnctl, cdnfs, mount.cdnfs, cdn-dist and cdn-node in bash. What it offers is read from
# the program's --help when Tab is pressed, and from `cdnctl ls`, which has two seconds, or CDN_LS_SECONDS. When
# these say nothing, nothing is offered.
# shellcheck shell=bash

# The words of the line up to the cursor, as the shell reads them, into words; quote: the one that is still open.
_cdn_split()
{
	local line=${COMP_LINE:0:COMP_POINT} word='' begun='' c i

	words=() quote=''
	for ((i = 0; i < ${#line}; i++)); do
		c=${line:i:1}
		if [[ $c == "$quote" ]]; then
			quote=''
		elif [[ $c == \\ && $quote != \' ]]; then
			((++i))
			word+=${line:i:1} begun=1
		elif [[ $quote ]]; then
			word+=$c
		elif [[ $c == [\'\"] ]]; then
			quote=$c begun=1
		elif [[ $c != [[:space:]] ]]; then
			word+=$c begun=1
		elif [[ $begun ]]; then
			words+=("$word")
			word='' begun=''
		fi
	done
	words+=("$word")
}

# --help, into names (options, in order), kinds (option: what its value is, "" when it has none), letters,
# mount_words, commands (in order) and arguments (command: what they are).
_cdn_read_help()
{
	local line part=''

	while IFS= read -r line; do
		if [[ $line =~ ^\ \ (--[a-z-]+)(=([^ ]+))? || $line =~ ^\ \ ([a-z_]+)(=([^ ]+))$ ]]; then
			names+=("${BASH_REMATCH[1]}")
			kinds[${BASH_REMATCH[1]}]=${BASH_REMATCH[3]}
			[[ $line != *"${BASH_REMATCH[1]} alone"* ]] || optional+=" ${BASH_REMATCH[1]} "
		elif [[ $line =~ ^[a-z]+\ \[-([a-zA-Z]+)\]\ \[-o ]]; then
			letters=${BASH_REMATCH[1]}
		elif [[ $line == *' COMMAND '* ]]; then
			part=commands
		elif [[ $line == [A-Z]* ]]; then
			part=$line
		elif [[ $part == 'Of mount'* && $line == '  '* ]]; then
			read -ra mount_words <<< "$line"
		elif [[ $part == commands && $line =~ ^\ \ ([a-z]+)\ +(([][A-Z|]+\ )*) ]]; then
			commands+=("${BASH_REMATCH[1]}")
			arguments[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		fi
	done < <("$program" --help 2> /dev/null)
}

# WORD END: one that may stand here; END follows it when it is the only one
_cdn_offer()
{
	[[ $1 == "$cur"* ]] || return 0
	found+=("$1")
	ends+=("$2")
}

# HEAD TEXT: what is called so in the CDN. A number would be an id, so these are offered behind a / only.
_cdn_remote()
{
	local line name dir=''

	[[ $2 != */* ]] || dir=${2%/*}/
	while IFS= read -r line; do
		[[ $line =~ ^([a-z]+)\ +[0-9]+\ +[0-9]+\ [^\ ]+\ [^\ ]+\ (.*)$ ]] || continue
		name=${BASH_REMATCH[2]}
		# what ls does not print as it is cannot be typed either
		[[ ${name//%25/} != *%* ]] || continue
		[[ $dir || $name == *[!0-9]* ]] || continue
		_cdn_offer "$1$dir${name//%25/%}" "$([[ ${BASH_REMATCH[1]} == directory ]] || echo ' ')"
	done < <(timeout "${CDN_LS_SECONDS:-2}" "$program" "${servers[@]}" ls "${dir:-/}" 2> /dev/null)
}

# HEAD KIND TEXT: values that begin with TEXT, behind HEAD
_cdn_value()
{
	local one flag list

	case $2 in
	FILE | DIR)
		flag=$([[ $2 == DIR ]] && echo -d || echo -f)
		while IFS= read -r one; do
			if [[ -d ${one/#\~\//"$HOME"/} ]]; then
				_cdn_offer "$1$one/" ''
			else
				_cdn_offer "$1$one" ' '
			fi
		done < <(compgen "$flag" -- "$3")
		;;
	PATH) _cdn_remote "$1" "$3" ;;
	USER | GROUP)
		flag=$([[ $2 == USER ]] && echo -u || echo -g)
		while IFS= read -r one; do
			_cdn_offer "$1$one" ''
		done < <(compgen "$flag" -- "$3")
		;;
	*'|'*)
		IFS='|' read -ra list <<< "$2"
		for one in "${list[@]}"; do
			if [[ $one == [A-Z]* ]]; then
				_cdn_value "$1" "$one" "$3"
			else
				_cdn_offer "$1$one" ' '
			fi
		done
		;;
	esac
}

# HEAD TEXT: the comma list of -o
_cdn_list()
{
	local last=${2##*,} one
	local head=$1${2%"$last"}

	if [[ $last == *=* ]]; then
		_cdn_value "$head${last%%=*}=" "${kinds[${last%%=*}]-}" "${last#*=}"
		return
	fi
	for one in "${names[@]}"; do
		[[ ",$2" == *",$one="* ]] || _cdn_offer "$head$one=" ''
	done
	for one in "${mount_words[@]}"; do
		[[ ",${2%"$last"}" == *",$one,"* ]] || _cdn_offer "$head$one" ''
	done
}

# WORD…, those before the cursor: which option's value is next, the command, and how many arguments it has
_cdn_walk()
{
	local word

	for word; do
		if [[ $valued == --url || $valued == --token-file || $valued == --ca-file ]]; then
			servers+=("$valued=$word")
		fi
		if [[ $valued ]]; then
			valued=''
		elif [[ $word == --url=* || $word == --token-file=* || $word == --ca-file=* ]]; then
			servers+=("$word")
		elif [[ $word == --* ]]; then
			[[ ! ${kinds[$word]-} || $optional == *" $word "* ]] || valued=$word
		elif [[ $letters && $word =~ ^-[$letters]*o$ ]]; then
			valued=-o
		elif [[ $word == -?* ]]; then
			:
		elif [[ ${#commands[@]} -gt 0 && ! $command ]]; then
			command=$word
		else
			((++given))
		fi
	done
}

# what may stand at the cursor
_cdn_find()
{
	local one kind i

	if [[ $valued == -o ]]; then
		_cdn_list '' "$cur"
	elif [[ $valued ]]; then
		_cdn_value '' "${kinds[$valued]}" "$cur"
	elif [[ $letters && $cur == -o* ]]; then
		_cdn_list -o "${cur#-o}"
	elif [[ $cur == --*=* ]]; then
		_cdn_value "${cur%%=*}=" "${kinds[${cur%%=*}]-}" "${cur#*=}"
	elif [[ $letters && $cur == -* ]]; then
		for ((i = 0; i < ${#letters}; i++)); do
			_cdn_offer "-${letters:i:1}" ' '
		done
		for one in -o --help --version; do
			_cdn_offer "$one" ' '
		done
	elif [[ $cur == -* ]]; then
		for one in "${names[@]}"; do
			_cdn_offer "$one${kinds[$one]:+=}" "${kinds[$one]:- }"
		done
	elif [[ $letters ]]; then
		_cdn_value '' DIR "$cur"
	elif [[ $command ]]; then
		read -ra kind <<< "${arguments[$command]-}"
		one=${kind[given]-}
		one=${one#[}
		_cdn_value '' "${one%]}" "$cur"
	else
		for one in "${commands[@]}"; do
			_cdn_offer "$one" ' '
		done
	fi
}

_cdn()
{
	local program=${1/#\~\//"$HOME"/} cur quote valued='' command='' letters='' optional='' head='' one i given=0
	local -a words names mount_words commands servers found ends
	local -A kinds arguments

	COMPREPLY=()
	_cdn_split
	cur=${words[-1]}
	_cdn_read_help
	_cdn_walk "${words[@]:1:${#words[@]}-2}"
	_cdn_find
	compopt -o nospace 2> /dev/null # there is none where a test calls
	# readline replaces what stands behind the last = or : only
	one=${COMP_WORDBREAKS//[^=:]/}
	[[ ! $one || $quote ]] || head=${cur%"${cur##*["$one"]}"}
	for i in "${!found[@]}"; do
		one=${found[i]#"$head"}
		if [[ ! $quote ]]; then
			printf -v one %q "$one"
			one=${one//\\,/,}${ends[i]//[!\ ]/}
			[[ ${found[i]} != \~/* ]] || one=${one#\\}
		fi
		COMPREPLY+=("$one")
	done
}

complete -F _cdn cdnctl cdnfs mount.cdnfs cdn-dist cdn-node
