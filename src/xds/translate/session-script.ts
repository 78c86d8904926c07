/**
 * What Envoy's stateful sessions lack for GEP-1619, in Lua: they know endpoints, but not of which backend, so a session
 * would follow the weights from backend to backend; they do not tell one rule's session from another's of the same
 * name; and they let none expire that has no cookie of limited age.
 *
 *   client                                               this script            stateful session
 *   <session>.<backend>.<expiry>.<endpoint>  ── request ──> <endpoint>  ──────> that endpoint
 *                                                           backend's name ───> the route of that backend
 *   <session>.<backend>.<expiry>.<endpoint>  <─ response ── <endpoint>  <────── the endpoint that answered
 */

/** Set by the script for the routes of single backends, and by the route for the script; seen by nobody else. */
export const sessionBackendHeader = 'x-weft-session-backend';

export interface SessionScript {
  readonly type: 'Cookie' | 'Header';
  /** Of the cookie or header. */
  readonly name: string;
  /** Tells the session from all others; of letters and digits. */
  readonly id: string;
  /** 0 where it does not expire. */
  readonly maxAgeSeconds: number;
}

export function sessionScript({ type, name, id, maxAgeSeconds }: SessionScript): string {
  const isCookie = type === 'Cookie';
  return `
local name, id, max_age = ${quoted(name)}, ${quoted(id)}, ${maxAgeSeconds}
local header = "${sessionBackendHeader}"

local function unpack_value(value)
  local session, backend, expiry, endpoint = string.match(value, "^(%w+)%.(%w+)%.(%d+)%.(.+)$")
  if session ~= id then return nil end
  if expiry ~= "0" and tonumber(expiry) < os.time() then return nil end
  return backend, endpoint, expiry
end

local function pack_value(value, backend)
  local expiry = max_age == 0 and 0 or os.time() + max_age
  return string.format("%s.%s.%d.%s", id, backend, expiry, value)
end
${isCookie ? cookieScript : headerScript}`;
}

/** A string of Lua. What comes from an object must not become code. */
function quoted(text: string): string {
  const escape = (sign: string): string =>
    [...Buffer.from(sign)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
  return `"${text.replaceAll(/[^\w-]/g, escape)}"`;
}

const headerScript = `
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove(header)
  local value = headers:get(name)
  if value ~= nil then
    local backend, endpoint = unpack_value(value)
    if backend == nil then
      headers:remove(name)
    else
      headers:replace(name, endpoint)
      headers:add(header, backend)
    end
  end
  handle:clearRouteCache()
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local backend, value = headers:get(header), headers:get(name)
  headers:remove(header)
  if backend ~= nil and value ~= nil then headers:replace(name, pack_value(value, backend)) end
end
`;

const cookieScript = `
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove(header)
  local cookies = headers:get("cookie")
  if cookies ~= nil then
    local kept = {}
    for cookie in string.gmatch(cookies, "[^;]+") do
      local key, value = string.match(cookie, "^%s*([^=]+)=\\"?([^\\"]*)\\"?%s*$")
      if key ~= name then
        table.insert(kept, (string.gsub(cookie, "^%s+", "")))
      else
        local backend, endpoint = unpack_value(value)
        if backend ~= nil then
          table.insert(kept, name .. "=" .. endpoint)
          headers:add(header, backend)
        end
      end
    end
    headers:remove("cookie")
    if #kept > 0 then headers:add("cookie", table.concat(kept, "; ")) end
  end
  handle:clearRouteCache()
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local backend = headers:get(header)
  headers:remove(header)
  local count = headers:getNumValues("set-cookie")
  if backend == nil or count == 0 then return end
  local all = {}
  for index = 0, count - 1 do table.insert(all, headers:getAtIndex("set-cookie", index)) end
  headers:remove("set-cookie")
  for _, cookie in ipairs(all) do
    local key, value, rest = string.match(cookie, "^([^=]+)=\\"?([^\\";]*)\\"?(.*)$")
    if key == name then cookie = key .. "=\\"" .. pack_value(value, backend) .. "\\"" .. rest end
    headers:add("set-cookie", cookie)
  end
end
`;
