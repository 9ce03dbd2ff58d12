-- Sends the requests of a plan one after the other, again and again.

dofile(os.getenv('BENCH_LUA') .. '/told.lua')
local plan = dofile(os.getenv('BENCH_PLAN'))
local ready, number = {}, 0

function init()
  for index, one in ipairs(plan.requests) do
    ready[index] = wrk.format(one.method, one.path, plan.headers, one.body)
  end
end

function request()
  number = number % #ready + 1
  return ready[number]
end
