"""What processors do in one instruction and numba has no function for: to be called inside kernels.

Text is walked over faster eight bytes at a time than byte by byte. As a number, they have their first byte lowest.
"""

from __future__ import annotations

import sys
from typing import Any

import numba.extending
from llvmlite import ir
from numba import types

# A kernel calls these without the first argument, which is the compiler's, so that type checkers would object.
intrinsic: Any = numba.extending.intrinsic


@intrinsic
def load_eight(_, data, at):
    """The eight bytes data[at : at + 8] as a uint64; they must be there, which is not checked.

    Args:
        data: uint8[bytes], contiguous.
        at: int64, any number, aligned or not.
    """

    def emit(context, builder, signature, arguments):
        array, index = arguments
        bytes_ = context.make_array(signature.args[0])(context, builder, array).data
        place = builder.bitcast(builder.gep(bytes_, [index]), ir.IntType(64).as_pointer())
        value = builder.load(place, align=1)
        return builder.bswap(value) if sys.byteorder == "big" else value

    return types.uint64(data, types.int64), emit


@intrinsic
def store_eight(_, data, at, value):
    """Write a uint64 to data[at : at + 8], which must be there; the counterpart of `load_eight`."""

    def emit(context, builder, signature, arguments):
        array, index, value = arguments
        bytes_ = context.make_array(signature.args[0])(context, builder, array).data
        place = builder.bitcast(builder.gep(bytes_, [index]), ir.IntType(64).as_pointer())
        builder.store(builder.bswap(value) if sys.byteorder == "big" else value, place, align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, types.uint64), emit


@intrinsic
def trailing_zeros(_, value):
    """How many bits of a uint64 are 0 below its lowest 1; 64 where it is 0. A uint64."""

    def emit(_, builder, __, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), emit


@intrinsic
def count_ones(_, value):
    """How many bits of a uint64 are 1. A uint64."""

    def emit(_, builder, __, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), emit


@intrinsic
def prefetch(_, array, row):
    """Have the row of a two-dimensional array fetched into the processor's cache, without waiting for it.

    Args:
        array: any dtype, contiguous.
        row: uint64, not checked.
    """

    def emit(context, builder, signature, arguments):
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = builder.extract_value(view.shape, 1)
        place = builder.bitcast(builder.gep(view.data, [builder.mul(arguments[1], width)]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.uint64), emit
