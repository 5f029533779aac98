#!/usr/bin/env bash
# Puts a CUDA 13.0 toolkit into a folder, from the wheels that NVIDIA publishes for pip. For machines without a CUDA
# installation: neither a GPU, nor a driver, nor root is needed.
#
#   xtask/cuda/setup-toolkit.sh [--libraries] [FOLDER]
#
# FOLDER is target/cuda of this repository if none is named. What compiles kernels takes 0.3 GB. --libraries adds what
# building and linking the tensor library's `cuda` feature needs (cuBLAS, cuRAND, NVRTC, and a stand-in for the driver's
# libcuda), 1.2 GB in all. A folder that is complete is left as it is; anything else is made anew beside it and then
# renamed, so that an interrupted run leaves no toolkit that only looks like one.
set -euo pipefail

say() { printf '%s\n' "setup-toolkit: $*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

libraries=
folder=
for argument in "$@"; do
    case $argument in
        --libraries) libraries=yes ;;
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
            exit 0
            ;;
        -*) fail "unknown option $argument; expected [--libraries] [FOLDER]" ;;
        *)
            [[ -z $folder ]] || fail "two folders, $folder and $argument; expected [--libraries] [FOLDER]"
            folder=$argument
            ;;
    esac
done
if [[ -z $folder ]]; then
    repository=$(cd "$(dirname "$0")/../.." && pwd)
    folder=${CARGO_TARGET_DIR:-$repository/target}/cuda
fi

# The version of nvcc is also in xtask/src/kernels/nvcc.rs.
wheels=(
    nvidia-cuda-nvcc==13.0.88
    nvidia-cuda-crt==13.0.88
    nvidia-nvvm==13.0.88
    nvidia-cuda-runtime==13.0.96
    nvidia-cuda-cccl==13.0.85
)
if [[ -n $libraries ]]; then
    wheels+=(
        nvidia-cublas==13.1.0.3
        nvidia-curand==10.4.0.35
        nvidia-cuda-nvrtc==13.0.88
    )
fi
# A line of the mark that none of the wheels accounts for. Another number makes all folders anew.
layout='layout 1'
mark=toolkit.txt

# Whether the folder has all that is wanted; it may have more.
complete() {
    [[ -x $folder/bin/nvcc && -f $folder/$mark ]] || return 1
    local line
    for line in "$layout" "${wheels[@]}"; do
        grep -Fqx -- "$line" "$folder/$mark" || return 1
    done
}

ready() {
    say "$folder has $("$folder/bin/nvcc" --version | grep -o 'release .*'); to use it: source $folder/env.sh"
    exit 0
}

if complete; then ready; fi

[[ $(uname -s) == Linux ]] || fail "the wheels are for Linux; install CUDA 13.0 from NVIDIA and set CUDA_HOME"
command -v python3 >/dev/null || fail "python3 is not in PATH; it downloads the wheels"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (python3-pip)"
command -v "${CC:-gcc}" >/dev/null || fail "no C compiler in PATH; nvcc needs gcc and g++"

# Never empty a folder that somebody else filled.
if [[ -e $folder && ! -f $folder/$mark ]]; then
    [[ -d $folder && -z $(ls -A "$folder") ]] ||
        fail "$folder is there and was not made by this script; delete it or name another folder"
fi
mkdir -p "$(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")

# One at a time: whoever comes second waits, and finds the work done.
if command -v flock >/dev/null; then
    exec 9>"$folder.lock"
    flock -n 9 || say "waiting for another run of this script"
    flock 9
    if complete; then ready; fi
fi

partial=$folder.partial
rm -rf "$partial"
trap 'rm -rf "$partial"' EXIT
mkdir "$partial"

say "downloading ${#wheels[@]} wheels with pip into $folder"
# What a user configured for environments of their own must not apply here.
PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-deps --only-binary=:all: --no-compile --target "$partial/wheels" "${wheels[@]}" ||
    fail "pip cannot install ${wheels[*]}; is there a network, and is the disk large enough?"

# The wheels unpack to one tree, laid out as an installation is.
mv "$partial"/wheels/nvidia/cu13/* "$partial"/
mkdir "$partial/licenses"
for information in "$partial"/wheels/*.dist-info; do
    name=$(basename "$information" .dist-info)
    [[ ! -d $information/licenses ]] || mv "$information/licenses" "$partial/licenses/$name"
done
rm -rf "$partial/wheels"
ln -s lib "$partial/lib64"
# Wheels bring libX.so.N; linkers look for libX.so.
for library in "$partial"/lib/lib*.so.*; do
    name=$(basename "$library")
    ln -s "$name" "$partial/lib/${name%%.so.*}.so"
done

# libcuda comes with the driver. To link without one, a library that has each function of its interface and answers
# "no device" (100) to each call. It has the driver's name: with a driver installed, that is what a program finds.
if [[ -n $libraries ]]; then
    stubs=$partial/lib/stubs
    mkdir "$stubs"
    {
        # Current names and those of earlier versions; two that no header of the wheels declares.
        for versions in -U__CUDA_API_VERSION_INTERNAL -D__CUDA_API_VERSION_INTERNAL; do
            "${CC:-gcc}" -E -P "$versions" "$partial/include/cuda.h"
        done
        echo 'cuProfilerStart( cuProfilerStop('
    } | grep -oE '\bcu[A-Z][A-Za-z0-9_]* *\(' | tr -d ' (' | LC_ALL=C sort -u |
        sed 's/.*/int &(void) { return 100; }/' >"$stubs/libcuda.c"
    "${CC:-gcc}" -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$stubs/libcuda.so.1" "$stubs/libcuda.c"
    ln -s libcuda.so.1 "$stubs/libcuda.so"
fi

cat >"$partial/env.sh" <<'END'
# For bash: source this file to compile and link with the toolkit that it lies in.
CUDA_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CUDA_HOME CUDA_PATH="$CUDA_HOME" CUDARC_CUDA_VERSION=13000
export PATH="$CUDA_HOME/bin:$PATH"
# The stand-in for the driver's library, in lib/stubs, is not on this path: a program must not find it before the driver.
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$CUDA_HOME/lib"
END

# A toolkit that cannot compile is none.
echo 'extern "C" __global__ void probe(float *value) { *value = tanhf(*value); }' >"$partial/probe.cu"
"$partial/bin/nvcc" -arch=sm_100 -cubin -o "$partial/probe.cubin" "$partial/probe.cu" ||
    fail "nvcc cannot compile a kernel of one line; see its messages above (it needs gcc and g++, at most version 15)"
rm "$partial/probe.cu" "$partial/probe.cubin"

printf '%s\n' "$layout" "${wheels[@]}" >"$partial/$mark"
# The old folder goes whole, or not at all.
[[ ! -e $folder ]] || mv "$folder" "$partial/replaced"
mv "$partial" "$folder"
rm -rf "$folder/replaced"
ready
