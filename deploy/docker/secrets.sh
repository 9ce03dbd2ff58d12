#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, unless they exist: sh deploy/docker/secrets.sh [FOLDER]
#
# The folder is its owner's alone. The files in it are readable, because each container reads its own as another user.
set -eu

folder=${1:-.salesbooth/docker}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"
[ ! -e salesbooth_master_key ] || { echo "$folder has its secrets already."; exit 0; }

random() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
write() { cat > "$1" && chmod 444 "$1"; }

postgres=$(random 24)
rabbitmq=$(random 24)
redis=$(random 24)

printf %s "$postgres" | write postgres_password
printf %s "postgresql://postgres:$postgres@postgres:5432/salesbooth" | write database_url
printf %s "amqp://salesbooth:$rabbitmq@rabbitmq:5672/" | write amqp_url
printf 'default_user = salesbooth\ndefault_pass = %s\n' "$rabbitmq" | write rabbitmq.conf
printf %s "redis://:$redis@redis:6379/0" | write redis_url
printf 'requirepass %s\nsave ""\nappendonly no\n' "$redis" | write redis.conf
printf %s "${STRIPE_API_KEY:-sk_test_stand_in}" | write stripe_api_key
printf %s "${STRIPE_LIVE_API_KEY:-sk_live_stand_in}" | write stripe_live_api_key
printf %s "${STRIPE_WEBHOOK_SECRET:-whsec_$(random 32)}" | write stripe_webhook_secret
# The last one: a run that was broken off is started anew by the next.
random 32 | write salesbooth_master_key
echo "Made the secrets in $folder. Keep salesbooth_master_key: without it nothing encrypted can be read again."
