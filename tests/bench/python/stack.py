"""From queue to index as a careful team writes it in Python: threads that receive, GET, convert and PUT; two that index in
bulks of 500, and delete what is done in tens. A refused object is copied to the errors bucket. It runs until it is ended.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
import traceback
import urllib.parse

import boto3
from botocore.config import Config
from elasticsearch import Elasticsearch

import convert

BULK = 500
# How long a bulk waits to fill up.
PATIENCE_SECONDS = 0.3
INDEXERS = 2
# What is converted and not yet indexed: no more is held in memory.
WAITING = 2000


def main():
    options = arguments()
    config = Config(
        max_pool_connections=options.threads + INDEXERS + 2,
        retries={"max_attempts": 5},
        s3={"addressing_style": "path"},
        # Checksums of their own are for stores behind a network that the signature does not cover.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    stack = Stack(
        options,
        boto3.client("s3", endpoint_url=options.s3, config=config),
        boto3.client("sqs", endpoint_url=options.sqs, config=config),
        Elasticsearch(options.elasticsearch, request_timeout=60),
    )
    threads = [threading.Thread(target=guarded(stack.work)) for _ in range(options.threads)]
    threads += [threading.Thread(target=guarded(stack.index)) for _ in range(INDEXERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["s3", "sqs", "elasticsearch", "queue", "snapshots", "errors", "index"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def guarded(target):
    """A thread that fails ends the program, so that nobody waits for it."""

    def run():
        try:
            target()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    return run


class Stack:
    def __init__(self, options, s3, sqs, elasticsearch):
        self.options, self.s3, self.sqs, self.elasticsearch = options, s3, sqs, elasticsearch
        self.converted = queue.Queue(WAITING)

    def work(self):
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.options.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                for record in json.loads(message["Body"]).get("Records", []):
                    bucket = record["s3"]["bucket"]["name"]
                    key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
                    self.process(message["ReceiptHandle"], bucket, key)

    def process(self, receipt, bucket, key):
        raw = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            article, body = convert.convert(raw)
        except Exception as error:
            reason = json.dumps({"key": key, "error": type(error).__name__})
            self.s3.copy_object(Bucket=self.options.errors, Key=key, CopySource={"Bucket": bucket, "Key": key})
            self.s3.put_object(Bucket=self.options.errors, Key=key + ".error.json", Body=reason)
            self.sqs.delete_message(QueueUrl=self.options.queue, ReceiptHandle=receipt)
            return
        snapshot = key.removesuffix(".xml") + ".json"
        self.s3.put_object(Bucket=self.options.snapshots, Key=snapshot, Body=body, ContentType="application/json")
        self.converted.put((receipt, article, body))

    def index(self):
        while True:
            batch = self.batch()
            # The bytes of the snapshot are sent as they are.
            lines = [line for _, article, body in batch for line in ({"index": {"_id": article}}, body)]
            answer = self.elasticsearch.bulk(index=self.options.index, operations=lines, filter_path="errors,items.*.error")
            if answer["errors"]:
                raise RuntimeError(f"bulk: {answer}")
            for start in range(0, len(batch), 10):
                entries = [
                    {"Id": str(number), "ReceiptHandle": receipt}
                    for number, (receipt, _, _) in enumerate(batch[start : start + 10])
                ]
                self.sqs.delete_message_batch(QueueUrl=self.options.queue, Entries=entries)

    def batch(self):
        """At least one article, and as many as come within a moment."""
        batch = [self.converted.get()]
        end = time.monotonic() + PATIENCE_SECONDS
        while len(batch) < BULK:
            try:
                batch.append(self.converted.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
        return batch


if __name__ == "__main__":
    main()
