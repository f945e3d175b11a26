"""What one can see of a pipeline before it runs: coders of the data that is moved, the package that workers get."""

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_runner_api_pb2

MOVING = {
    "beam:transform:group_by_key:v1",
    "beam:transform:reshuffle:v1",
    "beam:transform:combine_per_key:v1",
    "beam:transform:combine_globally:v1",
    "beam:transform:flatten:v1",
}


def moved(proto):
    """(transform, PCollection) wherever data leaves the worker that makes it: input of groups, and side inputs."""
    for transform in proto.components.transforms.values():
        if transform.spec.urn in MOVING:
            yield from ((transform.unique_name, each) for each in transform.inputs.values())
        if transform.spec.urn == "beam:transform:pardo:v1":
            payload = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
            yield from ((transform.unique_name, transform.inputs[side]) for side in payload.side_inputs)


def pickled(proto):
    """Where data is moved whose coder may pickle; that of primitives does for all that it does not know."""
    collections = proto.components.pcollections
    return [
        where
        for where, collection in moved(proto)
        if python_urns.PICKLED_CODER in _urns(proto, collections[collection].coder_id)
    ]


def _urns(proto, coder_id):
    """URNs of a coder and of those that it is made of."""
    coder = proto.components.coders[coder_id]
    return {coder.spec.urn}.union(*(_urns(proto, each) for each in coder.component_coder_ids))


def staged(proto):
    """Names of the files that workers are sent."""
    names = set()
    for environment in proto.components.environments.values():
        for artifact in environment.dependencies:
            names.add(beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(artifact.role_payload).staged_name)
    return names
