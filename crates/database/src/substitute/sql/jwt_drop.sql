drop function if exists
  @schema@.verify(text, text, text), @schema@.sign(json, text, text), @schema@.algorithm_sign(text, text, text),
  @schema@.try_cast_double(text), @schema@.url_decode(text), @schema@.url_encode(bytea)
