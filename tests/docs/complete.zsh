# complete.zsh FOLDER LINE: what zsh offers for LINE when Tab is pressed, one a line, with what stands before and behind
# it in the word. FOLDER has the functions.
zmodload zsh/zpty
home=$(mktemp -d) folder=$1 line=$2
cat > $home/.zshrc <<'END'
PROMPT='now> '
fpath=($FUNCTIONS $fpath)
autoload -Uz compinit && compinit -u -D
bindkey '^I' complete-word
compadd() {
	local -a hits end only
	if [[ ${@[1,(i)(-|--)]} == *-[OAD]\ * ]]; then # only asks
		builtin compadd "$@"
		return
	fi
	builtin compadd -A hits "$@"
	zparseopts -E q=only S:=end
	((! $#hits)) || print -rl -- "$IPREFIX"${^hits}"${end[2]}" >> $ZDOTDIR/offered
	builtin compadd "$@"
}
comppostfuncs=(exit)
END
: > $home/offered
zpty shell "FUNCTIONS=${(q)folder} ZDOTDIR=${(q)home} HOME=${(q)home} zsh -d -i"
zpty -r shell shown '*now> *'
zpty -w -n shell "$line"$'\t'
while zpty -r shell shown; do
	[[ -z $DEBUG ]] || print -r -- $shown >&2
done
cat $home/offered
rm -rf $home
