# An agent that asks the model RUNS times with each of curl, Python and Node; every request has a path of its own.
# Begins when it is given a line.
# usage: bash agent.sh RUNS NODE DEMO_DIRECTORY
read -r _
runs=$1 node=$2 demo=$3
for ((i = 0; i < runs; i++)); do
  curl -sS -o /dev/null -d '{"model":"demo-1"}' "https://api.openai.com/v1/chat/completions/curl-$i"
  /usr/bin/python3 "$demo/agents/urllib_agent.py" around "https://api.anthropic.com/v1/messages/python-$i"
  "$node" "$demo/agents/fetch-agent.mjs" around "https://api.openai.com/v1/chat/completions/node-$i"
done
