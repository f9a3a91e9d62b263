#include "host.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static JSValue new_bytes(JSContext *context, size_t length) {
  JSValue size = JS_NewInt64(context, (int64_t)length);
  return JS_NewTypedArray(context, 1, &size, JS_TYPED_ARRAY_UINT8);
}

FUNCTION(alloc) {
  UNUSED;
  return JS_NewTypedArray(context, 1, arguments, JS_TYPED_ARRAY_UINT8);
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if ((digit | 32) >= 'a' && (digit | 32) <= 'f') return (digit | 32) - 'a' + 10;
  return -1;
}

/* Bytes of hexadecimal digits, as far as they go. */
static JSValue from_hex(JSContext *context, const char *text, size_t length) {
  JSValue bytes = new_bytes(context, length / 2);
  size_t size, done = 0;
  if (JS_IsException(bytes)) return bytes;
  uint8_t *place = JS_GetUint8Array(context, &size, bytes);
  for (; done < size; done++) {
    int high = hex_digit(text[2 * done]), low = hex_digit(text[2 * done + 1]);
    if (high < 0 || low < 0) break;
    place[done] = (uint8_t)(high << 4 | low);
  }
  if (done == size) return bytes;
  JSValue shorter = JS_NewUint8ArrayCopy(context, place, done);
  JS_FreeValue(context, bytes);
  return shorter;
}

/* Whether an encoding's name is this one; none at all is utf8. */
static bool is_encoding(JSContext *context, JSValueConst name, const char *wanted) {
  if (JS_IsUndefined(name)) return strcmp(wanted, "utf8") == 0;
  const char *text = JS_ToCString(context, name);
  bool same = text && strcmp(text, wanted) == 0;
  JS_FreeCString(context, text);
  return same;
}

static JSValue from_text(JSContext *context, JSValueConst value, JSValueConst encoding) {
  size_t length;
  bool hexadecimal = is_encoding(context, encoding, "hex");
  if (!hexadecimal && !is_encoding(context, encoding, "utf8"))
    return JS_ThrowTypeError(context, "Unknown encoding");
  const char *text = utf8_text(context, &length, value);
  if (!text) return JS_EXCEPTION;
  JSValue bytes = hexadecimal ? from_hex(context, text, length)
                              : JS_NewUint8ArrayCopy(context, (const uint8_t *)text, length);
  JS_FreeCString(context, text);
  return bytes;
}

/* Buffer.from(text, encoding), of a list of bytes, a copy of bytes, or a view of an ArrayBuffer */
FUNCTION(from) {
  UNUSED;
  if (JS_IsString(arguments[0])) return from_text(context, arguments[0], arguments[1]);
  return JS_NewTypedArray(context, 1, arguments, JS_TYPED_ARRAY_UINT8);
}

FUNCTION(byte_length) {
  UNUSED;
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  JS_FreeCString(context, text);
  return JS_NewInt64(context, (int64_t)length);
}

/* Buffer.concat(list) */
FUNCTION(concat) {
  UNUSED;
  int64_t parts;
  size_t length, total = 0, at = 0;
  if (JS_GetLength(context, arguments[0], &parts) < 0) return JS_EXCEPTION;
  for (int64_t n = 0; n < parts; n++) {
    JSValue part = JS_GetPropertyInt64(context, arguments[0], n);
    const uint8_t *bytes = JS_GetUint8Array(context, &length, part);
    JS_FreeValue(context, part);
    if (!bytes) return JS_EXCEPTION;
    total += length;
  }
  JSValue whole = new_bytes(context, total);
  if (JS_IsException(whole)) return whole;
  size_t size;
  uint8_t *place = JS_GetUint8Array(context, &size, whole);
  for (int64_t n = 0; n < parts; n++) {
    JSValue part = JS_GetPropertyInt64(context, arguments[0], n);
    const uint8_t *bytes = JS_GetUint8Array(context, &length, part);
    JS_FreeValue(context, part);
    /* A getter could have changed the list meanwhile. */
    if (!bytes || length > size - at) return JS_ThrowRangeError(context, "the list has changed");
    if (length > 0) memcpy(place + at, bytes, length);
    at += length;
  }
  return whole;
}

/* How a number stands in memory. */
enum { SIZE = 15, SIGNED = 16, BIG_ENDIAN_ORDER = 32 };

/* The place of a number in a buffer; NULL, with an exception, where it has no room there. */
static uint8_t *place_of(JSContext *context, JSValueConst buffer, JSValueConst offset, size_t size) {
  int64_t at = 0;
  size_t length;
  uint8_t *bytes = JS_GetUint8Array(context, &length, buffer);
  if (!bytes && JS_HasException(context)) return NULL;
  if (!JS_IsUndefined(offset) && JS_ToInt64(context, &at, offset) < 0) return NULL;
  if (bytes && at >= 0 && (uint64_t)at <= length && length - (size_t)at >= size)
    return bytes + at;
  JS_ThrowRangeError(context, "Attempt to access memory outside buffer bounds");
  return NULL;
}

/* readUInt8(offset) to readBigInt64BE(offset) */
static JSValue read_number(JSContext *context, JSValueConst self, int count,
                           JSValueConst *arguments, int kind) {
  (void)count;
  int size = kind & SIZE;
  uint64_t value = 0;
  const uint8_t *place = place_of(context, self, arguments[0], (size_t)size);
  if (!place) return JS_EXCEPTION;
  for (int n = 0; n < size; n++)
    value = value << 8 | place[kind & BIG_ENDIAN_ORDER ? n : size - 1 - n];
  if (size == 8)
    return kind & SIGNED ? JS_NewBigInt64(context, (int64_t)value) : JS_NewBigUint64(context, value);
  int unused = 64 - 8 * size;
  if (kind & SIGNED) return JS_NewInt64(context, (int64_t)(value << unused) >> unused);
  return JS_NewInt64(context, (int64_t)value);
}

/* The bits of a number that is in the range of its kind; false with an exception. */
static bool bits_of(JSContext *context, JSValueConst value, int kind, uint64_t *bits) {
  int size = kind & SIZE;
  double number;
  if (size == 8 && kind & SIGNED) return JS_ToBigInt64(context, (int64_t *)bits, value) == 0;
  if (size == 8) return JS_ToBigUint64(context, bits, value) == 0;
  if (JS_ToFloat64(context, &number, value) < 0) return false;
  double least = kind & SIGNED ? -ldexp(1, 8 * size - 1) : 0;
  double most = ldexp(1, kind & SIGNED ? 8 * size - 1 : 8 * size) - 1;
  if (number < least || number > most) {
    JS_ThrowRangeError(context,
                       "The value of \"value\" is out of range. It must be >= %.0f and <= %.0f. "
                       "Received %.17g",
                       least, most, number);
    return false;
  }
  *bits = isnan(number) ? 0 : (uint64_t)(int64_t)number;
  return true;
}

/* writeUInt8(value, offset) to writeBigInt64BE(value, offset) */
static JSValue write_number(JSContext *context, JSValueConst self, int count,
                            JSValueConst *arguments, int kind) {
  (void)count;
  int size = kind & SIZE;
  uint64_t bits;
  size_t length;
  if (!bits_of(context, arguments[0], kind, &bits)) return JS_EXCEPTION;
  uint8_t *place = place_of(context, self, arguments[1], (size_t)size);
  if (!place) return JS_EXCEPTION;
  for (int n = 0; n < size; n++)
    place[kind & BIG_ENDIAN_ORDER ? size - 1 - n : n] = (uint8_t)(bits >> 8 * n);
  return JS_NewInt64(context, place + size - JS_GetUint8Array(context, &length, self));
}

/* One end of a part of a buffer: nothing means `otherwise`, and no end is out of it. */
static bool read_end(JSContext *context, JSValueConst value, size_t length, size_t otherwise,
                     size_t *end) {
  int64_t wanted = (int64_t)otherwise;
  if (!JS_IsUndefined(value) && JS_ToInt64(context, &wanted, value) < 0) return false;
  *end = wanted < 0 ? 0 : (uint64_t)wanted > length ? length : (size_t)wanted;
  return true;
}

/* toString(encoding, start, end) */
FUNCTION(to_text) {
  (void)count;
  static const char DIGITS[] = "0123456789abcdef";
  size_t length, start, end;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, self);
  if (!bytes && JS_HasException(context)) return JS_EXCEPTION;
  if (!read_end(context, arguments[1], length, 0, &start) ||
      !read_end(context, arguments[2], length, length, &end))
    return JS_EXCEPTION;
  if (start >= end) return JS_NewStringLen(context, "", 0);
  if (is_encoding(context, arguments[0], "utf8"))
    return text_value(context, (const char *)bytes + start, end - start);
  if (!is_encoding(context, arguments[0], "hex"))
    return JS_ThrowTypeError(context, "Unknown encoding");
  char *text = js_malloc(context, 2 * (end - start));
  if (!text) return JS_EXCEPTION;
  for (size_t n = start; n < end; n++) {
    text[2 * (n - start)] = DIGITS[bytes[n] >> 4];
    text[2 * (n - start) + 1] = DIGITS[bytes[n] & 15];
  }
  JSValue value = JS_NewStringLen(context, text, 2 * (end - start));
  js_free(context, text);
  return value;
}

FUNCTION(equals) {
  (void)count;
  size_t length, other_length;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, self);
  const uint8_t *other = JS_GetUint8Array(context, &other_length, arguments[0]);
  if (JS_HasException(context)) return JS_EXCEPTION;
  return JS_NewBool(context,
                    length == other_length && (length == 0 || memcmp(bytes, other, length) == 0));
}

#define NUMBERS(name, kind)                          \
  JS_CFUNC_MAGIC_DEF("read" name, 1, read_number, kind), \
      JS_CFUNC_MAGIC_DEF("write" name, 2, write_number, kind)
#define BOTH_ORDERS(name, kind) NUMBERS(name "LE", kind), NUMBERS(name "BE", (kind) | BIG_ENDIAN_ORDER)

static const JSCFunctionListEntry METHODS[] = {
    NUMBERS("UInt8", 1),
    NUMBERS("Int8", 1 | SIGNED),
    BOTH_ORDERS("UInt16", 2),
    BOTH_ORDERS("Int16", 2 | SIGNED),
    BOTH_ORDERS("UInt32", 4),
    BOTH_ORDERS("Int32", 4 | SIGNED),
    BOTH_ORDERS("BigUInt64", 8),
    BOTH_ORDERS("BigInt64", 8 | SIGNED),
    JS_CFUNC_DEF("toString", 3, to_text),
    JS_CFUNC_DEF("equals", 1, equals),
};

static const JSCFunctionListEntry FUNCTIONS[] = {
    JS_CFUNC_DEF("alloc", 1, alloc),
    JS_CFUNC_DEF("allocUnsafe", 1, alloc),
    JS_CFUNC_DEF("from", 2, from),
    JS_CFUNC_DEF("byteLength", 1, byte_length),
    JS_CFUNC_DEF("concat", 1, concat),
};

void add_buffer(JSContext *context) {
  JSValue global = JS_GetGlobalObject(context);
  JSValue bytes = JS_GetPropertyStr(context, global, "Uint8Array");
  JSValue prototype = JS_GetPropertyStr(context, bytes, "prototype");
  JSValue buffer = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, prototype, METHODS, COUNT(METHODS));
  JS_SetPropertyFunctionList(context, buffer, FUNCTIONS, COUNT(FUNCTIONS));
  JS_SetPropertyStr(context, buffer, "prototype", prototype);
  JS_SetPropertyStr(context, global, "Buffer", buffer);
  JS_FreeValue(context, bytes);
  JS_FreeValue(context, global);
}
