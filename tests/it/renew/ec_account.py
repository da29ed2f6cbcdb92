"""Registers an account with an EC key, by certbot's own modules. Its arguments are certbot's."""
import sys

import josepy
from acme import messages
from certbot import configuration
from certbot._internal import account, cli, client
from certbot._internal.plugins import disco
from cryptography.hazmat.primitives.asymmetric import ec

config = cli.prepare_and_parse_args(disco.PluginsRegistry.find_all(), sys.argv[1:])
if not isinstance(config, configuration.NamespaceConfig):
    config = configuration.NamespaceConfig(config)
key = josepy.JWKEC(key=josepy.ComparableECKey(ec.generate_private_key(ec.SECP256R1())))
connect = getattr(client, "acme_from_config_key", None) or client.create_acme_client
acme = connect(config, key)
new = messages.NewRegistration.from_data(email="admin@example.org", terms_of_service_agreed=True)
made = account.Account(acme.new_account(new), key)
storage = account.AccountFileStorage(config)
try:
    storage.save(made, acme)
except TypeError:
    storage.save(made)
