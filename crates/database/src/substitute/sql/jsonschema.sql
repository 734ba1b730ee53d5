-- DB-SUB-07: JSON Schema, in the place of extension pg_jsonschema: the assertions of draft 7. A keyword that is not
-- known, or a reference out of the schema, is an error rather than a weaker check.
create or replace function @schema@._jsonschema_errors(schema jsonb, instance jsonb, place text, root jsonb)
  returns text[]
  language plpgsql
  immutable
as $$
declare
  errors text[] := '{}';
  kind text := jsonb_typeof(instance);
  is_integer boolean := false;
  keyword text;
  wanted jsonb;
  number numeric;
  part record;
  passed int;
  evaluated text[];
begin
  if schema = 'true' then
    return '{}';
  end if;
  if schema = 'false' then
    return array[format('%s: nothing is allowed here', place)];
  end if;
  if jsonb_typeof(schema) <> 'object' then
    raise exception 'a JSON schema is an object or a boolean' using errcode = 'invalid_parameter_value';
  end if;
  if kind = 'number' then
    number := (instance #>> '{}')::numeric;
    is_integer := number = trunc(number);
  end if;
  if schema ? '$ref' then
    if schema ->> '$ref' !~ '^#(/|$)' then
      raise exception 'JSON schema reference % is not within the schema', schema ->> '$ref'
        using errcode = 'feature_not_supported';
    end if;
    wanted := root #> array(
      select replace(replace(step, '~1', '/'), '~0', '~')
      from regexp_split_to_table(substr(schema ->> '$ref', 3), '/') as step
      where step <> ''
    );
    if wanted is null then
      raise exception 'JSON schema reference % leads nowhere', schema ->> '$ref' using errcode = 'invalid_parameter_value';
    end if;
    return @schema@._jsonschema_errors(wanted, instance, place, root);
  end if;

  for keyword, wanted in select * from jsonb_each(schema) loop
    case
      when keyword in (
        '$schema', '$id', '$comment', 'title', 'description', 'default', 'examples', 'definitions', '$defs',
        'readOnly', 'writeOnly', 'deprecated', 'contentMediaType', 'contentEncoding', 'then', 'else'
      ) then
        null;
      when keyword = 'type' then
        if not exists (
          select
          from jsonb_array_elements_text(
            case jsonb_typeof(wanted) when 'array' then wanted else jsonb_build_array(wanted) end
          ) as allowed
          where allowed = kind or (allowed = 'integer' and is_integer)
        ) then
          errors := errors || format('%s: is not of type %s', place, wanted);
        end if;
      when keyword = 'enum' then
        if not exists (select from jsonb_array_elements(wanted) as allowed where allowed = instance) then
          errors := errors || format('%s: is not one of %s', place, wanted);
        end if;
      when keyword = 'const' then
        if instance <> wanted then
          errors := errors || format('%s: is not %s', place, wanted);
        end if;
      when keyword in ('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf') then
        if kind = 'number' and not (case keyword
          when 'minimum' then number >= (wanted #>> '{}')::numeric
          when 'maximum' then number <= (wanted #>> '{}')::numeric
          when 'exclusiveMinimum' then number > (wanted #>> '{}')::numeric
          when 'exclusiveMaximum' then number < (wanted #>> '{}')::numeric
          else mod(number, (wanted #>> '{}')::numeric) = 0
        end) then
          errors := errors || format('%s: %s is %s', place, keyword, wanted);
        end if;
      when keyword in ('minLength', 'maxLength') then
        if kind = 'string' and not (case keyword
          when 'minLength' then length(instance #>> '{}') >= (wanted #>> '{}')::int
          else length(instance #>> '{}') <= (wanted #>> '{}')::int
        end) then
          errors := errors || format('%s: %s is %s', place, keyword, wanted);
        end if;
      when keyword = 'pattern' then
        if kind = 'string' and (instance #>> '{}') !~ (wanted #>> '{}') then
          errors := errors || format('%s: does not match %s', place, wanted);
        end if;
      when keyword = 'format' then
        -- An annotation unless asserted, in the extension as well.
        null;
      when keyword in ('minItems', 'maxItems') then
        if kind = 'array' and not (case keyword
          when 'minItems' then jsonb_array_length(instance) >= (wanted #>> '{}')::int
          else jsonb_array_length(instance) <= (wanted #>> '{}')::int
        end) then
          errors := errors || format('%s: %s is %s', place, keyword, wanted);
        end if;
      when keyword = 'uniqueItems' then
        if kind = 'array' and wanted = 'true'
          and (select count(*) <> count(distinct item) from jsonb_array_elements(instance) as item)
        then
          errors := errors || format('%s: has an item twice', place);
        end if;
      when keyword = 'items' then
        if kind = 'array' then
          for part in
            select item, at - 1 as at, case jsonb_typeof(wanted) when 'array' then wanted -> (at - 1)::int else wanted end as rule
            from jsonb_array_elements(instance) with ordinality as items (item, at)
          loop
            errors := errors || @schema@._jsonschema_errors(
              coalesce(part.rule, schema -> 'additionalItems', 'true'), part.item, place || '/' || part.at, root
            );
          end loop;
        end if;
      when keyword = 'additionalItems' then
        null;
      when keyword = 'contains' then
        if kind = 'array' and not exists (
          select
          from jsonb_array_elements(instance) as item
          where @schema@._jsonschema_errors(wanted, item, place, root) = '{}'
        ) then
          errors := errors || format('%s: has no item as contains wants it', place);
        end if;
      when keyword = 'required' then
        if kind = 'object' then
          errors := errors || array(
            select format('%s: %s is missing', place, name)
            from jsonb_array_elements_text(wanted) as name
            where not instance ? name
          );
        end if;
      when keyword in ('minProperties', 'maxProperties') then
        if kind = 'object' and not (case keyword
          when 'minProperties' then (select count(*) from jsonb_object_keys(instance)) >= (wanted #>> '{}')::int
          else (select count(*) from jsonb_object_keys(instance)) <= (wanted #>> '{}')::int
        end) then
          errors := errors || format('%s: %s is %s', place, keyword, wanted);
        end if;
      when keyword = 'properties' then
        if kind = 'object' then
          for part in select key, value from jsonb_each(wanted) where instance ? key loop
            errors := errors || @schema@._jsonschema_errors(part.value, instance -> part.key, place || '/' || part.key, root);
          end loop;
        end if;
      when keyword = 'patternProperties' then
        if kind = 'object' then
          for part in
            select property.key, property.value, rule.value as rule
            from jsonb_each(instance) property, jsonb_each(wanted) rule
            where property.key ~ rule.key
          loop
            errors := errors || @schema@._jsonschema_errors(part.rule, part.value, place || '/' || part.key, root);
          end loop;
        end if;
      when keyword = 'additionalProperties' then
        if kind = 'object' then
          evaluated := array(select jsonb_object_keys(coalesce(schema -> 'properties', '{}')));
          for part in
            select key, value
            from jsonb_each(instance) property
            where key <> all (evaluated)
              and not exists (
                select
                from jsonb_object_keys(coalesce(schema -> 'patternProperties', '{}')) as pattern
                where property.key ~ pattern
              )
          loop
            errors := errors || @schema@._jsonschema_errors(wanted, part.value, place || '/' || part.key, root);
          end loop;
        end if;
      when keyword = 'propertyNames' then
        if kind = 'object' then
          for part in select name from jsonb_object_keys(instance) as name loop
            errors := errors || @schema@._jsonschema_errors(wanted, to_jsonb(part.name), place || '/' || part.name, root);
          end loop;
        end if;
      when keyword = 'dependencies' then
        if kind = 'object' then
          for part in select key, value from jsonb_each(wanted) where instance ? key loop
            errors := errors || @schema@._jsonschema_errors(
              case jsonb_typeof(part.value)
                when 'array' then jsonb_build_object('required', part.value)
                else part.value
              end, instance, place, root
            );
          end loop;
        end if;
      when keyword = 'allOf' then
        for part in select rule from jsonb_array_elements(wanted) as rule loop
          errors := errors || @schema@._jsonschema_errors(part.rule, instance, place, root);
        end loop;
      when keyword in ('anyOf', 'oneOf') then
        select count(*) into passed
        from jsonb_array_elements(wanted) as rule
        where @schema@._jsonschema_errors(rule, instance, place, root) = '{}';
        if passed = 0 or (keyword = 'oneOf' and passed > 1) then
          errors := errors || format('%s: fits %s of the rules of %s', place, passed, keyword);
        end if;
      when keyword = 'not' then
        if @schema@._jsonschema_errors(wanted, instance, place, root) = '{}' then
          errors := errors || format('%s: is what it must not be', place);
        end if;
      when keyword = 'if' then
        errors := errors || @schema@._jsonschema_errors(
          coalesce(
            case when @schema@._jsonschema_errors(wanted, instance, place, root) = '{}'
              then schema -> 'then' else schema -> 'else'
            end, 'true'
          ), instance, place, root
        );
      else
        raise exception 'JSON schema keyword % is not supported by the substitute of pg_jsonschema', keyword
          using errcode = 'feature_not_supported';
    end case;
  end loop;
  return errors;
end
$$;

create or replace function @schema@.jsonb_matches_schema(schema json, instance jsonb) returns boolean
  language sql
  immutable
  strict
as $$
  select @schema@._jsonschema_errors(schema::jsonb, instance, '', schema::jsonb) = '{}'
$$;

create or replace function @schema@.json_matches_schema(schema json, instance json) returns boolean
  language sql
  immutable
  strict
as $$
  select @schema@._jsonschema_errors(schema::jsonb, instance::jsonb, '', schema::jsonb) = '{}'
$$;

create or replace function @schema@.jsonschema_validation_errors(schema json, instance json) returns text[]
  language sql
  immutable
  strict
as $$
  select @schema@._jsonschema_errors(schema::jsonb, instance::jsonb, '', schema::jsonb)
$$;

-- By trying it: what a schema says of null shows whether its outermost keywords can be read.
create or replace function @schema@.jsonschema_is_valid(schema json) returns boolean
  language plpgsql
  immutable
  strict
as $$
begin
  perform @schema@._jsonschema_errors(schema::jsonb, 'null', '', schema::jsonb);
  return true;
exception
  when invalid_parameter_value or data_exception or datatype_mismatch then
    return false;
end
$$;

grant execute on function
  @schema@.json_matches_schema(json, json), @schema@.jsonb_matches_schema(json, jsonb),
  @schema@.jsonschema_is_valid(json), @schema@.jsonschema_validation_errors(json, json)
  to postgres with grant option;
