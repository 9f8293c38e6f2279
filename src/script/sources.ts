/** The shell functions behind each source of evidence, by their names. Each is called `before` a probe and `after` it. */
export const SOURCES = {
  mib: `# mib before|after NODE COUNTER moves|still LEAST
mib() {
  value=$(in_node "$2" nstat -asz "$3" | awk -v name="$3" '$1 == name { print $2 }')
  count "$1" "$2" "$3" "$4" "$5" "$value"
}
`,
  conntrack_stat: `# conntrack_stat before|after NODE COUNTER moves|still: summed over the CPUs; the file is in hexadecimal.
conntrack_stat() {
  value=0
  for number in $(in_node "$2" awk -v name="$3" \\
    'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i; next } { print $column }' \\
    /proc/net/stat/nf_conntrack); do
    value=$((value + 0x$number))
  done
  count "$1" "$2" "conntrack -S $3" "$4" 1 "$value"
}
`,
  rule: `# rule before|after NODE IPTABLES-SAVE TABLE RULE moves|still
rule() {
  value=$(in_node "$2" "$3" -c -t "$4" | grep -F -e "$5" | sed -n '1s/^\\[\\([0-9]*\\):.*/\\1/p')
  # A rule that a toggle put there meanwhile starts from zero.
  [ "$1" = after ] || value=\${value:-0}
  count "$1" "$2" "$4 '$5'" "$6" 1 "$value"
}
`,
  route: `# route before|after NODE TO FROM DEVICE REGEX: what the input path makes of such a packet.
route() {
  [ "$1" = after ] || return 0
  output=$(in_node "$2" ip route get "$3" from "$4" iif "$5" 2>&1 | tr '\\n' ' ')
  if echo "$output" | grep -Eq "$6"; then
    finding seen "$2" "ip route get $3 from $4 iif $5: $output"
    proved=yes
  else
    finding absent "$2" "ip route get $3 from $4 iif $5: $output"
  fi
}
`,
  address: `# address before|after NODE DEVICE PREFIX dadfailed|missing|none
address() {
  [ "$1" = after ] || return 0
  line=$(in_node "$2" ip -6 -o addr show dev "$3" | grep -F "inet6 $4" | sed 's/ *\\\\.*//; s/  */ /g')
  case $5:$line in
    dadfailed:*dadfailed* | missing: | none: | missing:*tentative*)
      finding seen "$2" "$3: \${line:-no address $4}"
      proved=yes
      ;;
    *) finding absent "$2" "$3: \${line:-no address $4}" ;;
  esac
}
`,
  tracked: `# tracked before|after NODE REGEX present|missing: a new entry of the connection tracking table.
tracked() {
  item=$((item + 1))
  if ! in_node "$2" test -r /proc/net/nf_conntrack; then
    [ "$1" = before ] || finding unavailable "$2" 'this kernel has no /proc/net/nf_conntrack'
    return
  fi
  # Without time-out and state, which change while an entry lives.
  in_node "$2" grep -E "$3" /proc/net/nf_conntrack |
    sed 's/ [0-9][0-9]* \\(src=\\)/ \\1/; s/ [0-9][0-9]* [A-Z_][A-Z_]* / /; s/  */ /g' >"$work/$1$item"
  [ "$1" = after ] || return 0
  entry=$(grep -vxF -f "$work/before$item" "$work/after$item" | sed -n 1p)
  if [ -n "$entry" ]; then now=present; else now=missing; fi
  if [ "$now" = "$4" ]; then
    finding seen "$2" "\${entry:-no entry $3}"
    [ "$now" = missing ] || proved=yes
  else
    finding absent "$2" "\${entry:-no entry $3}"
  fi
}
`,
  kernel_log: `# kernel_log before|after NODE REGEX: it proves, but its absence disproves nothing: the kernel limits its rate.
kernel_log() {
  item=$((item + 1))
  if ! dmesg >"$work/log" 2>/dev/null; then
    [ "$1" = before ] || finding unavailable "$2" 'the kernel log takes root in the initial user namespace'
    return
  fi
  last=$(sed -n '$s/^\\[ *\\([0-9.]*\\)\\].*/\\1/p' "$work/log")
  if [ "$1" = before ]; then
    echo "\${last:-0}" >"$work/item$item"
    return
  fi
  line=$(awk -v since="$(cat "$work/item$item")" -F '[][]' '$2 + 0 > since + 0' "$work/log" | grep -E "$3" | sed -n 1p)
  if [ -n "$line" ]; then
    finding seen "$2" "$line"
    proved=yes
  else
    finding not-seen "$2" "no line /$3/ in the kernel log"
  fi
}
`,
  not_here: `# not_here before|after NODE SOURCE: what takes the lab itself to see.
not_here() {
  [ "$1" = before ] || finding unavailable "$2" "evidence from $3 is read by the lab only"
}
`,
} as const
