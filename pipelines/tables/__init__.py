"""Results as tables in Parquet. The modules import pyarrow, which a deployment may lack: the API imports them late."""
