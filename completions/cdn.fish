# cdn.fish - completion of cdnctl, cdnfs, mount.cdnfs, cdn-dist and cdn-node in fish. What it offers is read from the
# program's --help when Tab is pressed, and from `cdnctl ls`, which has two seconds, or CDN_LS_SECONDS. When these say
# nothing, nothing is offered.

# HEAD KIND TEXT: values that begin with TEXT, behind HEAD
function __cdn_value -a head kind text
    # the two below would ask for a folder that is called ~
    set -l home (string match -r '^~/' -- $text)
    set -l path (string replace -r '^~/' $HOME/ -- $text)
    set -l strip '^'
    set -q home[1]; and set strip '^'(string escape --style=regex -- $HOME/)
    for one in (string split '|' -- $kind)
        switch $one
            case FILE
                __fish_complete_path $path | string replace -r -- $strip "$head$home"
            case DIR
                __fish_complete_directories $path '' | string replace -r -- $strip "$head$home"
            case PATH
                __cdn_remote $head $text
            case USER
                __fish_complete_users | string replace -r -- '^' "$head"
            case GROUP
                __fish_complete_groups | string replace -r -- '^' "$head"
            case '*'
                string match -qr '^[a-z]' -- $one; and test $one != $kind; and echo $head$one
        end
    end
end

# HEAD TEXT: what is called so in the CDN. A number would be an id, so these are offered behind a / only
function __cdn_remote -a head text
    set -l dir (string match -r '^.*/' -- $text)
    set -l place $dir
    set -q place[1]; or set place /
    set -l seconds $CDN_LS_SECONDS
    set -q seconds[1]; or set seconds 2
    timeout $seconds $__cdn_program $__cdn_servers ls $place 2>/dev/null | while read -l line
        set -l parts (string match -r '^([a-z]+) +[0-9]+ +[0-9]+ [^ ]+ [^ ]+ (.*)$' -- $line); or continue
        set -l name $parts[3]
        # what ls does not print as it is cannot be typed either
        string match -q '*%*' -- (string replace -a %25 '' -- $name); and continue
        set -q dir[1]; or string match -qr '[^0-9]' -- $name; or continue
        printf '%s\t%s\n' "$head$dir"(string replace -a %25 % -- $name) $parts[2]
    end
end

# HEAD TEXT: the comma list of -o
function __cdn_list -a head text
    set -l last (string replace -r '^.*,' '' -- $text)
    set -l before (string match -r '^.*,' -- $text)
    if set -l parts (string match -r '^([^=]*)=(.*)$' -- $last)
        set -l i (contains -i -- $parts[2] $__cdn_names)
        and __cdn_value "$head$before$parts[2]=" $__cdn_kinds[$i] $parts[3]
        return
    end
    for i in (seq (count $__cdn_names))
        string match -q "*,$__cdn_names[$i]=*" ",$before"; or printf '%s\t%s\n' "$head$before$__cdn_names[$i]=" $__cdn_texts[$i]
    end
    for one in $__cdn_words
        string match -q "*,$one,*" ",$before"; or echo "$head$before$one"
    end
end

# --help, into lists: names, kinds and texts of options; letters; words of mount(8); commands, their arguments and texts
function __cdn_read_help
    set -l part
    for line in ($__cdn_program --help 2>/dev/null)
        if set -l parts (string match -r '^  (--[a-z-]+)=?((?<==)\S+|) +(.*)$' -- $line)
            set -a __cdn_names $parts[2]
            set -a __cdn_kinds $parts[3]
            set -a __cdn_texts $parts[4]
        else if set -l parts (string match -r '^  ([a-z_]+)=(\S+)$' -- $line)
            set -a __cdn_names $parts[2]
            set -a __cdn_kinds $parts[3]
        else if string match -qr '^        \S' -- $line
            set -a __cdn_texts (string trim -- $line)
        else if set -l parts (string match -r '^[a-z]+ \[-([a-zA-Z]+)\] \[-o' -- $line)
            set __cdn_letters (string split '' -- $parts[2])
        else if string match -q '* COMMAND *' -- $line
            set part commands
        else if string match -qr '^[A-Z]' -- $line
            set part $line
        else if string match -q 'Of mount*' -- $part; and string match -q '  *' -- $line
            set __cdn_words (string split -n ' ' -- $line)
        else if test "$part" = commands; and set -l parts (string match -r '^  ([a-z]+) +((?:[][A-Z|]+ )*) *(.*)$' -- $line)
            set -a __cdn_commands $parts[2]
            set -a __cdn_arguments "$parts[3]"
            set -a __cdn_command_texts $parts[4]
        end
    end
end

# all that may stand at the cursor
function __cdn_complete
    set -l before (commandline -opc)
    # as the shell reads it, a quote may be open
    set -l text (commandline -ct | string replace -r '^[\'"]' '' | string unescape; or commandline -ct)
    set -l given 0
    set -l valued
    set -l command
    # those that the functions above fill and read
    set -g __cdn_program $before[1]
    for list in servers names kinds texts letters words commands arguments command_texts
        set -g __cdn_$list
    end
    __cdn_read_help
    for word in $before[2..]
        if contains -- "$valued" --url --token-file --ca-file
            set -a __cdn_servers $valued=$word
        end
        if test -n "$valued"
            set valued
        else if string match -qr '^--(url|token-file|ca-file)=' -- $word
            set -a __cdn_servers $word
        else if string match -q -- '--*' $word
            set -l i (contains -i -- $word $__cdn_names)
            and test -n "$__cdn_kinds[$i]"
            and not string match -q -- "*$word alone*" $__cdn_texts[$i]
            and set valued $word
        else if set -q __cdn_letters[1]; and string match -qr -- '^-[a-zA-Z]*o$' $word
            set valued -o
        else if string match -q -- '-?*' $word
        else if set -q __cdn_commands[1]; and test -z "$command"
            set command $word
        else
            set given (math $given + 1)
        end
    end

    if test "$valued" = -o
        __cdn_list '' "$text"
    else if test -n "$valued"
        __cdn_value '' $__cdn_kinds[(contains -i -- $valued $__cdn_names)] "$text"
    else if set -q __cdn_letters[1]; and string match -q -- '-o*' $text
        __cdn_list -o (string sub -s 3 -- $text)
    else if set -l parts (string match -r '^(--[a-z-]+)=(.*)$' -- $text)
        set -l i (contains -i -- $parts[2] $__cdn_names)
        and __cdn_value "$parts[2]=" $__cdn_kinds[$i] $parts[3]
    else if set -q __cdn_letters[1]; and string match -q -- '-*' $text
        printf '%s\n' -$__cdn_letters -o --help --version
    else if string match -q -- '-*' $text
        for i in (seq (count $__cdn_names))
            set -l equals
            test -n "$__cdn_kinds[$i]"; and set equals =
            printf '%s\t%s\n' $__cdn_names[$i]"$equals" $__cdn_texts[$i]
        end
    else if set -q __cdn_letters[1]
        __cdn_value '' DIR "$text"
    else if test -n "$command"
        set -l i (contains -i -- $command $__cdn_commands); or return
        set -l kinds (string split -n ' ' -- $__cdn_arguments[$i])
        set -q kinds[(math $given + 1)]
        and __cdn_value '' (string trim -c '[]' -- $kinds[(math $given + 1)]) "$text"
    else if set -q __cdn_commands[1]
        for i in (seq (count $__cdn_commands))
            printf '%s\t%s\n' $__cdn_commands[$i] $__cdn_command_texts[$i]
        end
    end
end

for command in cdnctl cdnfs mount.cdnfs cdn-dist cdn-node
    complete -c $command -e
    complete -c $command -f -a '(__cdn_complete)'
end
