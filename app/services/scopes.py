"""What tokens may do, in words; apart, so that the command line loads nothing else."""

STORE = "store_full_access"
CLIENT = "client_full_access"
READER = "store_read_access"

SCOPES = {
    STORE: "read and change one store",
    READER: "read one store",
    CLIENT: "read and change every store of this server, and create stores",
}
