#!/bin/sh
# Builds optscale-ai and installs it for the person who runs this: the program, shell completions and
# manual pages. Asks nothing, needs no root, and can be run again at any time.
set -eu

usage() {
    cat <<'USAGE'
Usage: ./install.sh [--prefix DIR] [--uninstall] [--help]

Builds optscale-ai from this folder and installs it:

  DIR/bin/optscale-ai
  DIR/share/bash-completion/completions, DIR/share/zsh/site-functions, DIR/share/fish/vendor_completions.d
  DIR/share/man/man1

  --prefix DIR   where to install to; ~/.local unless said
  --uninstall    removes exactly what was installed there; your data stays where it is
  --help         this text

Needs Rust 1.90 or newer and a C compiler. Nothing but the Rust crates is downloaded.
USAGE
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "install.sh: $*"; exit 1; }

# The running version is at least $2, part by part.
at_least() {
    have_major=${1%%.*} have_rest=${1#*.} want_major=${2%%.*} want_rest=${2#*.}
    [ "$have_major" -gt "$want_major" ] || {
        [ "$have_major" -eq "$want_major" ] && [ "${have_rest%%.*}" -ge "${want_rest%%.*}" ]
    }
}

check_rust() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    rust=https://rustup.rs
    command -v cargo >/dev/null 2>&1 || fail "cargo is missing. Install Rust $needed or newer: $rust"
    command -v rustc >/dev/null 2>&1 || fail "rustc is missing. Install Rust $needed or newer: $rust"
    version=$(rustc --version 2>/dev/null) || fail "rustc does not run. If it comes from rustup: rustup default stable"
    version=${version#* } version=${version%% *}
    at_least "$version" "$needed" || fail "Rust is $version, $needed or newer is needed. With rustup: rustup update stable"
}

check_compiler() {
    for compiler in "${CC:-cc}" gcc clang; do
        if command -v "$compiler" >/dev/null 2>&1; then return; fi
    done
    say "install.sh: a C compiler is missing; SQLite is built with it."
    say "  Debian, Ubuntu: sudo apt-get install build-essential"
    say "  Fedora:         sudo dnf install gcc"
    say "  Arch:           sudo pacman -S base-devel"
    fail "or on macOS:    xcode-select --install"
}

# Makes the directory $1 below the prefix, and writes down each one that was not there.
make_dir() {
    if [ -d "$prefix/$1" ]; then return; fi
    case $1 in */*) make_dir "${1%/*}" ;; esac
    mkdir "$prefix/$1"
    printf '%s/\n' "$1" >>"$work/list"
}

# Puts the file $1 to $2 below the prefix in one step, with mode $3, and writes that down.
put() {
    make_dir "$(dirname "$2")"
    cp "$1" "$prefix/$2.new"
    chmod "$3" "$prefix/$2.new"
    mv -f "$prefix/$2.new" "$prefix/$2"
    printf '%s\n' "$2" >>"$work/list"
}

# Completions and manual pages come from the program itself.
put_papers() {
    program=$prefix/bin/optscale-ai
    for shell in bash zsh fish; do "$program" completions "$shell" >"$work/$shell"; done
    put "$work/bash" share/bash-completion/completions/optscale-ai 644
    put "$work/zsh" share/zsh/site-functions/_optscale-ai 644
    put "$work/fish" share/fish/vendor_completions.d/optscale-ai.fish 644
    "$program" --quiet man --dir "$work/man" >/dev/null
    for page in "$work"/man/*; do put "$page" "share/man/man1/$(basename "$page")" 644; done
}

# Removes the files that an earlier installation put there and this one did not.
remove_outdated() {
    while IFS= read -r file; do
        case $file in
            */) printf '%s\n' "$file" >>"$work/list" ;;
            *) grep -qxF -- "$file" "$work/list" || rm -f -- "$prefix/$file" ;;
        esac
    done <"$record"
}

install_all() {
    check_rust
    check_compiler
    say "Building optscale-ai; the first time takes some minutes."
    cargo build --release --locked
    target=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    if [ ! -d "$prefix" ]; then
        mkdir -p "$prefix"
        echo ./ >>"$work/list"
    fi
    put "$target/release/optscale-ai" bin/optscale-ai 755
    put_papers
    make_dir lib/optscale-ai
    if [ -f "$record" ]; then remove_outdated; fi
    cp "$work/list" "$record"
    say "Installed $("$prefix/bin/optscale-ai" --version) to $prefix/bin/optscale-ai"
    say_path
}

say_path() {
    case ":$PATH:" in
        *":$prefix/bin:"*) say "Next: optscale-ai up" ;;
        *)
            say "Next: $prefix/bin/optscale-ai up"
            say "To type optscale-ai alone, add this to your shell's start file:"
            say "  export PATH=\"$prefix/bin:\$PATH\""
            ;;
    esac
}

uninstall_all() {
    if [ ! -f "$record" ]; then
        say "Nothing is installed below $prefix."
        return
    fi
    while IFS= read -r file; do
        case $file in */) printf '%s\n' "$file" >>"$work/list" ;; *) rm -f -- "$prefix/$file" ;; esac
    done <"$record"
    rm -f -- "$record"
    # The innermost directory first; one that others use by now stays.
    if [ -f "$work/list" ]; then
        sed '1!G;h;$!d' "$work/list" | while IFS= read -r directory; do rmdir -- "$prefix/${directory#./}" 2>/dev/null || true; done
    fi
    say "Removed optscale-ai from $prefix. Your data stays; optscale-ai keeps it in its home directory."
}

prefix=
action=install_all
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) [ $# -ge 2 ] || fail "--prefix needs a directory"; prefix=$2; shift ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --uninstall) action=uninstall_all ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; fail "unknown argument: $1" ;;
    esac
    shift
done
if [ -z "$prefix" ]; then
    [ -n "${HOME:-}" ] || fail "HOME is not set; say where to install to: ./install.sh --prefix DIR"
    prefix=$HOME/.local
fi
case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
# Not below share/optscale-ai: that is where the data of a person is.
record=$prefix/lib/optscale-ai/installed
cd "$(dirname "$0")"
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
$action
