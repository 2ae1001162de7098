-- wrk's script for either side, so that the generator costs both the same: every request is a text made before the run,
-- but for a booking's Idempotency-Key. In the environment: SIDE=ours|peer, MODE=quote|me|list|create|mixed|hot,
-- TOKENS=file with one token a line, RUN=anything fresh. `hot` books one slot only.
local side, mode, run = os.getenv("SIDE"), os.getenv("MODE"), os.getenv("RUN")
local tokens = {}
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

local thread = 0
function setup(t) t:set("seed", thread); thread = thread + 1 end

local function head(method, path, token)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " .. token .. "\r\n"
end
local function with_body(first, body)
  return first .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- The same goods on both sides: cardboard and books.
local peer_items = '[{\\"name\\":\\"旧纸箱\\",\\"weight\\":2.5,\\"age\\":1,\\"quantity\\":3},{\\"name\\":\\"旧书\\",\\"weight\\":5,\\"age\\":2,\\"quantity\\":8}]'
local our_items = '[{"category":"paper/cardboard","quantity":"2.5","attributes":{"moisture":"8"},"note":"旧纸箱"},{"category":"paper/newspaper","quantity":"8","note":"旧书"}]'

local function china(days, hour)
  return os.date("!%Y-%m-%d", os.time() + 8 * 3600 + days * 86400) .. string.format("T%02d:00:00+08:00", hour)
end

-- Bodies of bookings: every slot of two depots for the next four weeks, as customers choose; the peer has no slots.
local bookings = {}
if side == "ours" then
  for days = 2, (mode == "hot" and 2 or 27) do
    for hour = 8, (mode == "hot" and 8 or 18), 2 do
      for _, division in ipairs(mode == "hot" and { "330106" } or { "330106", "330102" }) do
        bookings[#bookings + 1] = '{"city":"330100","items":' .. our_items .. ',"address":{"division":"' .. division ..
          '","detail":"文三路 90 号 3 幢 2 单元 501","lng":"120.12","lat":"30.27"},"contact":{"name":"王女士","phone":"13812345678"},"appointment_time":"' ..
          china(days, hour) .. '","note":"有电梯","photos":[]}'
      end
    end
  end
else
  bookings[1] = '{"category":"paper","items":"' .. peer_items .. '","address":"北京市朝阳区某某路1号院2单元","contact":"13812345678","appointment_time":"' ..
    os.date("!%Y-%m-%dT%H:00:00Z", os.time() + 3 * 86400) .. '"}'
end

local fixed, counted = {}, 0
local function texts(kind)
  local list = {}
  for _, token in ipairs(tokens) do
    if side == "ours" then
      if kind == "quote" then list[#list + 1] = with_body(head("POST", "/api/v1/quotes", token), '{"city":"330100","items":' .. our_items .. "}") end
      if kind == "me" then list[#list + 1] = head("GET", "/api/v1/me", token) .. "\r\n" end
      if kind == "list" then
        for status = 0, 3 do list[#list + 1] = head("GET", "/api/v1/appointments?fields=summary&status=" .. status, token) .. "\r\n" end
      end
    else
      if kind == "quote" then list[#list + 1] = with_body(head("POST", "/quote", token), '{"category":"paper","items":"' .. peer_items .. '"}') end
      if kind == "me" then list[#list + 1] = head("GET", "/users/me", token) .. "\r\n" end
      if kind == "list" then
        for status = 0, 3 do list[#list + 1] = head("GET", "/appointments?status=" .. status, token) .. "\r\n" end
      end
      if kind == "create" then list[#list + 1] = with_body(head("POST", "/appointments", token), bookings[1]) end
    end
  end
  return list
end

local tails, heads = {}, {}
function init(args)
  math.randomseed(1000 + seed)
  for _, kind in ipairs({ "quote", "me", "list", "create" }) do
    if mode == kind or mode == "mixed" then fixed[kind] = texts(kind) end
  end
  if side == "ours" and (mode == "create" or mode == "mixed" or mode == "hot") then
    for i, body in ipairs(bookings) do tails[i] = "\r\n" .. with_body("", body) end
    for i, token in ipairs(tokens) do heads[i] = head("POST", "/api/v1/appointments", token) .. "Idempotency-Key: " end
  end
end

local function create()
  if side == "peer" then return fixed.create[math.random(#fixed.create)] end
  counted = counted + 1
  return heads[math.random(#heads)] .. run .. "-" .. seed .. "-" .. counted .. tails[math.random(#tails)]
end

-- Of a hundred: 25 estimates, 25 profiles, 30 lists, 20 bookings.
function request()
  local kind = mode
  if mode == "mixed" then
    local dice = math.random(100)
    kind = dice <= 25 and "quote" or dice <= 50 and "me" or dice <= 80 and "list" or "create"
  end
  if kind == "create" or kind == "hot" then return create() end
  local list = fixed[kind]
  return list[math.random(#list)]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT requests=%d seconds=%.6f p50=%.3f p99=%.3f max=%.3f refused=%d broken=%d bytes=%d\n", summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, e.status,
    e.connect + e.read + e.write + e.timeout, summary.bytes))
end
