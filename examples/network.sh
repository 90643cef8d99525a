# Read by the `up` of an example, which lies in $here. Two sites in network namespaces, and `mainmode run` as a gateway
# in one. Needs bash, iproute2, ping and root. Knows addresses and processes; who the gateways are is the example's
# business. There is no $(…) on the way up: bash may miss a Ctrl-C that comes while it waits for one.
#
#   host-a 192.168.1.2 ── 192.168.1.1 site-a 10.0.0.1 ══ 10.0.0.2 site-b 192.168.2.1 ── 192.168.2.2 host-b

stay=
for word in "$@"; do
    case $word in
        --stay) stay=yes ;;
        *) echo "usage: $0 [--stay]" >&2; exit 2 ;;
    esac
done

work= spaces=() gateways=()

unusable() { echo "$0: $*" >&2; exit 2; }

failed() { # what the gateways said tells why
    local site logs=() configurations=()
    for site in "${gateways[@]}"; do
        logs+=("$work/$site.log")
        configurations+=(--config "$work/$site.cfg")
    done
    "$mainmode" explain "${logs[@]}" "${configurations[@]}" >&2 || true
    echo "$0: $*" >&2
    exit 1
}

not_up() { tail -n 20 "$work/$1.log" >&2; unusable "$1 $2"; }

take_down() {
    local code=${1:-$?}
    trap '' INT TERM HUP PIPE
    trap - EXIT
    set +e
    # shellcheck disable=SC2046 # one word each
    kill $(jobs -p) 2>/dev/null
    wait
    for space in "${spaces[@]}"; do ip netns del "$space" 2>/dev/null; done
    [[ ! -O $work ]] || rm -rf "$work"
    exit "$code"
}
trap take_down EXIT
trap 'take_down 130' INT
trap 'take_down 143' TERM HUP
trap 'take_down 141' PIPE

# The name is known before the directory is there: a signal can leave what mktemp makes behind.
work=${TMPDIR:-/tmp}/mainmode-$$-$RANDOM$RANDOM
# With --stay the names are short and the gateways are where `mainmode exec` looks for them; otherwise all of it is this
# run's own, so that any number of them can run side by side. NET names the namespaces otherwise.
if [[ $stay ]]; then net=${NET:-mm}; else net=${NET:-mm$$}; export MAINMODE_RUN=${MAINMODE_RUN:-$work/run}; fi
mkdir -m 700 "$work"

[[ $EUID == 0 ]] || unusable "network namespaces need root: sudo $0 $*"
for program in ip ping; do type -P $program >/dev/null || unusable "$program is not installed"; done
mainmode=${here%/*/*}/.venv/bin/mainmode
[[ -x $mainmode ]] || mainmode=mainmode && type -P "$mainmode" >/dev/null || unusable "there is no mainmode yet: make lab sets it up"

at() { local space=$1; shift; ip netns exec "$net-$space" "$@"; }         # run a program at a host or a site

start() { # start SITE PROGRAM…: the same, in the background, with its output in a log
    # Through a pipe: where AppArmor watches over a program, it may not write to our file.
    ip netns exec "$net-$1" "${@:2}" &> >(exec cat >"$work/$1.log") &
}

until_up() { # until_up SITE COMMAND…: wait until the command succeeds; the program just started may not end before that
    local site=$1 pid=$!
    shift
    for ((tries = 0; tries < 200; tries++)); do
        "$@" &>/dev/null && return
        kill -0 "$pid" 2>/dev/null || not_up "$site" "did not start"
        sleep 0.1
    done
    not_up "$site" "is not up after 20 seconds"
}

cable() { # cable PLACE DEVICE ADDRESS PLACE DEVICE ADDRESS
    ip link add "$2" netns "$net-$1" type veth peer name "$5" netns "$net-$4"
    at "$1" ip address add "$3/24" dev "$2"
    at "$4" ip address add "$6/24" dev "$5"
    at "$1" ip link set "$2" up
    at "$4" ip link set "$5" up
}

build_network() {
    for place in host-a site-a site-b host-b; do
        [[ ! -e /run/netns/$net-$place ]] || unusable "another run is up, or was killed: ip netns del $net-$place"
        spaces+=("$net-$place")
        ip netns add "$net-$place"
        at $place ip link set lo up
    done
    cable host-a eth0 192.168.1.2 site-a inside 192.168.1.1
    cable site-a outside 10.0.0.1 site-b outside 10.0.0.2
    cable site-b inside 192.168.2.1 host-b eth0 192.168.2.2
    for side in a b; do at site-$side sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'; done
    at host-a ip route add default via 192.168.1.1
    at host-b ip route add default via 192.168.2.1
}

gateway() { # gateway SITE CONFIGURATION
    # A copy: in a checkout everybody can read the file, and mainmode does not take keys from such a file.
    install -m 600 "$2" "$work/$1.cfg"
    start "$1" "$mainmode" run "$work/$1.cfg" --name "$1" --debug ikev1=127,ipsec=127
    until_up "$1" grep -q "is up on" "$work/$1.log"
    gateways+=("$1")
}

say() { printf '\n%s\n' "$*"; }

ping_through() { # ping_through PLACE ADDRESS: the first packet is what brings the tunnel up, and has to come back too
    local code=0
    say "$1\$ ping $2"
    at "$1" ping -n -c 4 -i 0.2 -w 10 "$2" || code=$?
    ((code < 128)) || exit "$code" # a signal
    return "$code"
}

show() { # show SITE COMMAND…: what the gateway prints, as at its prompt
    say "$1# ${*:2}"
    "$mainmode" exec --name "$1" "${*:2}"
}

until_interrupted() { # with --stay; the example's own hints are read from stdin
    [[ $stay ]] || return 0
    cat <<END

All of it stays until Ctrl-C. To try in another terminal, as root:

  ip netns exec $net-host-a bash
        a shell at a host; likewise $net-site-a, $net-site-b, $net-host-b
  ip netns exec $net-host-a ping 192.168.2.2
  ip netns exec $net-site-a tcpdump -ni outside
  $mainmode console --name site-a
        show crypto ipsec sa, debug crypto ikev1 127, clear crypto isakmp sa,
        packet-tracer input inside icmp 192.168.1.2 8 0 192.168.2.2
  $mainmode explain $work/site-a.log --config $work/site-a.cfg
END
    cat
    sleep infinity &
    wait $!
}
