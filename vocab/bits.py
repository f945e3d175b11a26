"""What processors do in one instruction and numba has no function for: to be called inside kernels.

Text is walked over faster eight bytes at a time than byte by byte. As a number, they have their first byte lowest.
"""

from __future__ import annotations

import sys
from typing import Any

import numba.extending
from llvmlite import ir
from numba import types
from numba.core import cgutils

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
def copy_eight(_, source, row, column, target, at):
    """Copy the eight numbers source[row, column : column + 8] to target[at : at + 8].

    All are read before any is written. A loop would ask first whether the two overlap, and take longer for that.

    Args:
        source: two-dimensional, contiguous, with these columns.
        row: uint64, not checked.
        column: int64, not checked.
        target: one-dimensional, contiguous, of the same dtype, with these places.
        at: int64, not checked.
    """

    def emit(context, builder, signature, arguments):
        table, to = (
            context.make_array(kind)(context, builder, array)
            for kind, array in ((source, arguments[0]), (target, arguments[3]))
        )
        width = builder.extract_value(table.shape, 1)
        first = builder.add(builder.mul(arguments[1], width), arguments[2])
        eight = ir.VectorType(table.data.type.pointee, 8).as_pointer()
        size = source.dtype.bitwidth // 8
        values = builder.load(builder.bitcast(builder.gep(table.data, [first]), eight), align=size)
        builder.store(values, builder.bitcast(builder.gep(to.data, [arguments[4]]), eight), align=size)
        return context.get_dummy_value()

    return types.void(source, types.uint64, types.int64, target, types.int64), emit


@intrinsic
def add_sixteen(_, vectors, rows, count, column, sums):
    """Add the rows vectors[rows[0]], vectors[rows[1]] and so on to sums[column : column + 16], one after the other.

    The sums stay in registers meanwhile. In a loop the compiler would load and store them for each row.

    Args:
        vectors: float32, two-dimensional, contiguous, with these rows and columns; not checked, here and below.
        rows: integers, contiguous, none negative.
        count: int64, how many rows there are.
        column: int64.
        sums: float32, contiguous.
    """

    def emit(context, builder, signature, arguments):
        table, numbers, to = (
            context.make_array(signature.args[place])(context, builder, arguments[place]) for place in (0, 1, 4)
        )
        _, _, size, first, _ = arguments
        width = builder.extract_value(table.shape, 1)
        sixteen = ir.VectorType(ir.FloatType(), 16).as_pointer()
        place = builder.bitcast(builder.gep(to.data, [first]), sixteen)
        total = cgutils.alloca_once_value(builder, builder.load(place, align=4))
        with cgutils.for_range(builder, size) as loop:
            row = builder.zext(builder.load(builder.gep(numbers.data, [loop.index])), ir.IntType(64))
            begin = builder.gep(table.data, [builder.add(builder.mul(row, width), first)])
            values = builder.load(builder.bitcast(begin, sixteen), align=4)
            builder.store(builder.fadd(builder.load(total), values), total)
        builder.store(builder.load(total), place, align=4)
        return context.get_dummy_value()

    return types.void(vectors, rows, types.int64, types.int64, sums), emit


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
