-- Sends two requests in turn: the first makes a deal, the second names the deal that some earlier first one made.

dofile(os.getenv('BENCH_LUA') .. '/told.lua')
local plan = dofile(os.getenv('BENCH_PLAN'))
local make, use = plan.requests[1], plan.requests[2]
local waiting, seen, first = {}, {}, nil

function init()
  first = wrk.format(make.method, make.path, plan.headers, make.body)
end

function request()
  local id = table.remove(waiting)
  if not id then return first end
  return wrk.format(use.method, (use.path:gsub('{id}', id)), plan.headers, use.body)
end

function response(_, _, body)
  local id = body:match('"deal_id":"([^"]+)"')
  if id and not seen[id] then
    seen[id] = true
    waiting[#waiting + 1] = id
  end
end
